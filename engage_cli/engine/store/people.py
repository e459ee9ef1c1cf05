"""What each file about users says of whom: the difference between two nights' files is the users whose rows changed.

Of every file of profiles, memberships and consents the store keeps (user_id, md5 of the whole row) in a Parquet file named after its
content and the mapping of its source. They are a cache: one that is missing means that everybody is looked at.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb
from msgspec import Struct

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.definitions.project import FROM_CALLS, Sources
from engage_cli.engine.base import InputFile
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.remote import is_remote
from engage_cli.engine.inputs.traits import whole_row
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.errors import EngageError

KINDS = ("profiles", "memberships", "consents")
VERSION = 1
"""Of what is hashed of a row, and how."""

Read = tuple[str, str, str]
"""A file that a run read: kind, path, sha256."""


class People(Struct, frozen=True):
    """The files about users of a run: the rows of each kind, and the files as they were found."""

    sources: Sources
    zone: str
    rows: Mapping[str, Sequence[PeopleRows]]
    files: Sequence[InputFile]
    known: Mapping[str, tuple[int, int, str]]

    @property
    def read(self) -> list[Read]:
        """The files about users, raw Segment calls under each kind that they have rows of."""
        return self.about_users((file.kind, file.path, file.sha256) for file in self.files)

    def about_users(self, files: Iterable[Read]) -> list[Read]:
        """Those of some files that are about users; files of events that are raw Segment calls now were so before."""
        calls = self._calls
        found = []
        for kind, path, sha in files:
            if kind in KINDS:
                found.append((kind, path, sha))
            elif kind == "events" and sha in calls:
                found += [(about, path, sha) for about in KINDS if about in FROM_CALLS]
        return found

    @property
    def _calls(self) -> frozenset[str]:
        """The contents of files of raw Segment calls."""
        shown = {path.shown for rows in self.rows["profiles"] if rows.batch.source.segment for path in rows.batch.files}
        return frozenset(file.sha256 for file in self.files if file.kind == "events" and file.path in shown)

    def name(self, kind: str, sha256: str) -> str:
        """The file name of what is kept of a file of this content."""
        mapping = [
            (at, sorted(source.columns.items()), source.timezone, *(("segment",) if source.segment else ()))
            for at, source in enumerate(self.sources.of(kind))
        ]
        text = repr((VERSION, kind, sha256, mapping, self.zone))
        return f"people-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.parquet"


def record(work: Work, folder: Path, people: People, keep: Iterable[Read]) -> None:
    """Keep what the files now say, and of those in `keep` (an earlier run's) what is there. The caller holds the project's lock."""
    wanted = {people.name(kind, sha): (kind, path) for kind, path, sha in people.read}
    missing = {found: name for name, found in wanted.items() if not (folder / name).is_file()}
    if missing:
        files.make_folder(folder)
    for (kind, shown), name in missing.items():
        parts = _parts(people, kind, shown)
        if parts and all(_is_as_hashed(path, people.known) for _, path in parts):
            _write(work.connection, folder / name, [_hashed(people, kind, rows, path) for rows, path in parts])
            if not all(_is_as_hashed(path, people.known) for _, path in parts):
                files.remove(folder / name)
    kept = {*wanted, *(people.name(kind, sha) for kind, _, sha in people.about_users(keep))}
    for path in sorted(folder.glob("people-*")):
        if path.name not in kept:
            files.remove(path)


def changed_users(work: Work, folder: Path | None, people: People, before: Iterable[Read], *, writes: bool) -> Sql | str:
    """A table of the user_id of everybody whose rows in the files are not those of an earlier run; in words why that cannot be said."""
    was = Counter(people.name(kind, sha) for kind, _, sha in people.about_users(before))
    now = Counter(people.name(kind, sha) for kind, _, sha in people.read)
    if was == now:
        return work.table("changed", Sql("SELECT '' AS user_id WHERE FALSE"))
    different = [(name, now[name] - was[name]) for name in sorted({*was, *now}) if now[name] != was[name]]
    here = {people.name(kind, sha): (kind, path) for kind, path, sha in people.read}
    rows = []
    for name, times in different:
        said = _said(folder, people, name, here.get(name))
        if said is None:
            return "profiles or other files about users changed, and there is no record of what they said before"
        rows.append(sql("SELECT user_id, row_hash, {times} AS times FROM ({said})", times=literal(times), said=said))
    query = sql(
        "SELECT DISTINCT user_id FROM (SELECT user_id FROM ({rows}) GROUP BY user_id, row_hash HAVING sum(times) <> 0)",
        rows=joined(" UNION ALL ", rows),
    )
    try:
        return work.table("changed", query)
    except (duckdb.Error, EngageError):
        if folder is not None and writes:
            for name, _ in different:
                files.remove(folder / name)
            record(work, folder, people, ())
        return "the record of what profiles or other files about users said before is damaged"


def _said(folder: Path | None, people: People, name: str, here: tuple[str, str] | None) -> Sql | None:
    """(user_id, row_hash) of a file: as recorded, or read from the file where it is one of now."""
    if folder is not None and (folder / name).is_file():
        return sql("SELECT * FROM read_parquet({path})", path=literal(str(folder / name)))
    return None if here is None else joined(" UNION ALL ", [_hashed(people, here[0], *part) for part in _parts(people, *here)])


def _parts(people: People, kind: str, shown: str) -> list[tuple[PeopleRows, InputPath]]:
    """Where the rows of a file are: more than one where several sources name it."""
    return [(rows, path) for rows in people.rows[kind] for path in rows.batch.files if path.shown == shown]


def _hashed(people: People, kind: str, rows: PeopleRows, path: InputPath) -> Sql:
    """(user_id, row_hash) of the rows of one file that count."""
    source = people.sources.of(kind).index(rows.batch.source)
    whole = sql("concat({source}, ' ', CAST(ts AS VARCHAR), ' ', {whole})", source=literal(str(source)), whole=whole_row(rows))
    columns = [Sql("user_id"), sql("unhex(md5({whole})) AS row_hash", whole=whole)]
    return rows.select(columns, Sql("reason IS NULL"), scan=rows.batch.numbered(path))


def _write(connection: Connection, path: Path, parts: Sequence[Sql]) -> None:
    part = files.part_of(path)
    files.remove(part)
    crash_point("store: people")
    query = joined(" UNION ALL ", parts)
    connection.run(sql("COPY ({query}) TO {part} (FORMAT parquet, COMPRESSION zstd)", query=query, part=literal(str(part))).text)
    files.sync_file(part)
    files.rename(part, path)


def _is_as_hashed(path: InputPath, known: Mapping[str, tuple[int, int, str]]) -> bool:
    if is_remote(path.opened):
        return True
    with suppress(OSError):
        status = Path(path.opened).stat()
        return (status.st_size, status.st_mtime_ns) == known.get(path.opened, (0, 0, ""))[:2]
    return False
