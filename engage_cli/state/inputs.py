"""The input files that runs have read: which are gone, and recording what this run read."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.definitions.project import KINDS, MissingFile, Source, Sources
from engage_cli.engine.base import Engine, InputFile
from engage_cli.errors import DataError
from engage_cli.state.store import State


def vanished_files(state: State | None, sources: Sources, inputs: Sequence[InputFile]) -> tuple[InputFile, ...]:
    """Files that the run before read, that a source still asks for, and that are no longer there, in path order. One that has another name
    now is none of them.

    Raises DataError if the source of one of them says `on_missing_file: error`. A file that no source matches any more is not missed.
    """
    if state is None:
        return ()
    present = {(file.kind, file.path) for file in inputs}
    last = _last_read(state.engine)
    known = {(file.kind, file.path) for file in last}
    moved = {(file.kind, file.sha256) for file in inputs if (file.kind, file.path) not in known}
    gone = [file for file in last if (file.kind, file.path) not in present and (file.kind, file.sha256) not in moved]
    missed = [(file, source) for file in gone if (source := _source_of(file, sources)) is not None]
    fatal = [file.path for file, source in missed if source.on_missing_file is not MissingFile.DROP]
    if fatal:
        shown = ", ".join(fatal[:3]) + (f" and {len(fatal) - 3} more" if len(fatal) > 3 else "")
        raise DataError(
            f"an input file that the last run read is gone: {shown}",
            hint="bring it back, or say `on_missing_file: drop` at its source in engage.yaml (`keep` helps as long as the file is there)",
        )
    return tuple(file for file, _ in missed)


class FilesSince(Struct, frozen=True):
    """How the files of now differ from those that an earlier run read."""

    records: bool
    """There are other files than those of events: change logs of profiles, consents and the like."""
    events: frozenset[tuple[str, str]]
    """The files of events that are new or changed, by path and sha256."""
    gone: bool
    """Some file of events is no longer there, or is another now."""

    def brings_events_until(self, instant: datetime, firsts: Mapping[tuple[str, str], datetime]) -> bool:
        """Whether events with a timestamp up to the instant may have come in, or gone. `firsts`: the first event of each file that has any.

        A file that has grown counts as new as a whole.
        """
        return self.gone or any(firsts[file] <= instant for file in self.events if file in firsts)


def files_since(engine: Engine, run: int, inputs: Sequence[InputFile]) -> FilesSince:
    """How these files differ from those that the run read."""
    before, now = files_read_by(engine, run), {(file.kind, file.path, file.sha256) for file in inputs}
    new = {(path, sha) for kind, path, sha in now - before if kind == "events"}
    texts = {sha for kind, _, sha in now if kind == "events"}
    return FilesSince(
        records={one for one in before if one[0] != "events"} != {one for one in now if one[0] != "events"},
        events=frozenset(new),
        gone=any(kind == "events" and sha not in texts for kind, _, sha in before),
    )


def files_read_by(engine: Engine, run: int) -> frozenset[tuple[str, str, str]]:
    """What a run read: (kind, path, sha256) of each file."""
    rows = engine.rows(
        "SELECT kind, path, sha256 FROM state.main.input_file WHERE first_run <= ? AND coalesce(last_run, ?) >= ?", [run, run, run]
    )
    return frozenset((str(kind), str(path), str(sha)) for kind, path, sha in rows)


def record_files(engine: Engine, run: int, inputs: Sequence[InputFile]) -> None:
    """Record, inside the run's transaction, that run number `run` read exactly these files."""
    engine.execute("DROP TABLE IF EXISTS temp.main.input_now")
    engine.execute(
        _NOW,
        [
            [file.kind for file in inputs],
            [file.path for file in inputs],
            [file.bytes for file in inputs],
            [file.sha256 for file in inputs],
        ],
    )
    engine.execute(_CLOSE, [run - 1])
    engine.execute(_OPEN, [run])


_NOW = """
    CREATE TEMP TABLE input_now AS SELECT DISTINCT * FROM (
        SELECT unnest(CAST(? AS VARCHAR[])) AS kind, unnest(CAST(? AS VARCHAR[])) AS path,
            unnest(CAST(? AS BIGINT[])) AS bytes, unnest(CAST(? AS VARCHAR[])) AS sha256
    )
"""
_CLOSE = """
    UPDATE state.main.input_file SET last_run = ?
    WHERE last_run IS NULL AND (kind, path, sha256) NOT IN (SELECT (kind, path, sha256) FROM input_now)
"""
_OPEN = """
    INSERT INTO state.main.input_file
    SELECT kind, path, bytes, sha256, CAST(? AS INTEGER), NULL FROM input_now
    WHERE (kind, path) NOT IN (SELECT (kind, path) FROM state.main.input_file WHERE last_run IS NULL)
    ORDER BY kind, path
"""


def _last_read(engine: Engine) -> list[InputFile]:
    rows = engine.rows("SELECT kind, path, bytes, sha256 FROM state.main.input_file WHERE last_run IS NULL ORDER BY kind, path")
    return [InputFile(kind=kind, path=path, bytes=size, sha256=sha256) for kind, path, size, sha256 in rows]


def _source_of(file: InputFile, sources: Sources) -> Source | None:
    if file.kind not in KINDS:
        return None
    return next((source for source in sources.declared(file.kind) if _glob_pattern(source.path).fullmatch(file.path)), None)


def _glob_pattern(glob: str) -> re.Pattern[str]:
    """The paths that a glob of engage.yaml matches: `*` and `?` within a folder, `**` across folders, `[ab]`."""
    out = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^]]+\]|.", glob.removeprefix("./"), re.DOTALL):
        match token:
            case "**/":
                out += r"(?:.*/)?"
            case "**":
                out += ".*"
            case "*":
                out += "[^/]*"
            case "?":
                out += "[^/]"
            case _ if len(token) > 1:
                out += token.replace("[!", "[^", 1)
            case _:
                out += re.escape(token)
    return re.compile(out, re.DOTALL)
