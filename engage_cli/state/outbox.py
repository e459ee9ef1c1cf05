"""The outbox: everything that runs tell, and the files that were made of it. Committed with the run.

The run's files are a projection of these rows: outputs/ writes them from `run_change` before the commit, and can write them again
from the state at any time, byte for byte.
"""

import json
from collections.abc import Sequence

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.state.inserting import insert_rows
from engage_cli.state.tables import Told

ACCOUNT_TRACK = "account_track"
"""A track call about an account."""
GROUP = "group"


class RunFile(Struct, frozen=True):
    """A file of changes in a run's folder; `path` is inside the folder. `destination` None is the run's own account.

    `source` is the audience whose changes it tells, or the list's name. `columns` are those of a list, None for calls. A file that is not
    written yet has no rows, bytes and hash.
    """

    path: str
    kind: Told
    source: str
    destination: str | None
    call: str
    with_traits: bool
    columns: tuple[str, ...] | None
    format: str
    rows: int = 0
    bytes: int = 0
    sha256: str = ""


class MemberFile(Struct, frozen=True):
    """An audience's file with all its members; `path` is from the outputs folder."""

    audience: str
    path: str
    rows: int
    bytes: int
    sha256: str


class Pending(Struct, frozen=True):
    """A file or folder that is written beside its final name, `path` (from the outputs folder), and waits for it.

    `sha256` is of the file, or of the folder's manifest. `run` is the number of the run whose folder it is, None for a member file.
    `replaces` is a member file in another format that goes when this one comes.
    """

    path: str
    sha256: str
    run: int | None
    replaces: str | None


def record_changes(engine: Engine, run: int) -> None:
    """Add the rows of `run_change(kind, source, destination, user_id, change, payload, …)`, inside the run's transaction."""
    engine.execute(_RECORD, [run])


def calls_of_audiences(engine: Engine) -> dict[str, str]:
    """The call by which the last run that changed it accounted for each audience: it tells what the members of it are."""
    rows = engine.rows(
        "SELECT source, arg_max(call, run) FROM state.main.run_file WHERE kind = 'membership' AND destination IS NULL GROUP BY source"
    )
    return {str(audience): str(call) for audience, call in rows}


def record_run_files(engine: Engine, run: int, files: Sequence[RunFile]) -> None:
    """Record the files in a run's folder, instead of what was recorded before."""
    engine.execute("DELETE FROM state.main.run_file WHERE run = ?", [run])
    rows = [
        (
            run,
            file.path,
            file.kind.value,
            file.source,
            file.destination,
            file.call,
            file.with_traits,
            None if file.columns is None else json.dumps(file.columns),
            file.format,
            file.rows,
            file.bytes,
            file.sha256,
        )
        for file in files
    ]
    insert_rows(engine, "INSERT INTO state.main.run_file", rows)


def run_files(engine: Engine, run: int) -> list[RunFile]:
    """The files in a run's folder, in path order."""
    rows = engine.rows(
        "SELECT path, kind, source, destination, call, with_traits, columns, format, rows, bytes, sha256"
        " FROM state.main.run_file WHERE run = ? ORDER BY path",
        [run],
    )
    return [
        RunFile(path, Told(kind), source, destination, call, with_traits, None if columns is None else tuple(json.loads(columns)), *written)
        for path, kind, source, destination, call, with_traits, columns, *written in rows
    ]


def record_member_files(engine: Engine, files: Sequence[MemberFile]) -> None:
    """Record the member files that audiences have from now on."""
    rows = [(file.audience, file.path, file.rows, file.bytes, file.sha256) for file in files]
    insert_rows(engine, "INSERT OR REPLACE INTO state.main.member_file", rows)


def forget_member_file(engine: Engine, path: str) -> None:
    """Forget a member file that could not be published: the next run writes it again."""
    engine.execute("DELETE FROM state.main.member_file WHERE path = ?", [path])


def member_files(engine: Engine) -> dict[str, MemberFile]:
    """The member file of every audience that has one, by audience."""
    rows = engine.rows("SELECT audience, path, rows, bytes, sha256 FROM state.main.member_file ORDER BY audience")
    return {row[0]: MemberFile(*row) for row in rows}


def record_pending(engine: Engine, pending: Sequence[Pending]) -> None:
    """Add the files and folders that wait for their final names, inside the transaction that makes them true."""
    insert_rows(engine, "INSERT INTO state.main.pending", [(item.path, item.sha256, item.run, item.replaces) for item in pending])


def pending(engine: Engine) -> list[Pending]:
    """What waits for its final name: member files first, run folders last."""
    rows = engine.rows("SELECT path, sha256, run, replaces FROM state.main.pending ORDER BY run NULLS FIRST, path")
    return [Pending(*row) for row in rows]


def clear_pending(engine: Engine) -> None:
    """Say that everything has its final name, inside a transaction."""
    engine.execute("DELETE FROM state.main.pending")


# The payload of a message begins with its id: the order is the same, and a key of a few bytes is sorted in place of hundreds.
_RECORD = """
    INSERT INTO state.main.outbox
    SELECT CAST(? AS INTEGER), kind, source, destination, user_id, change, payload FROM run_change
    ORDER BY kind, source, destination NULLS FIRST, user_id, change, CASE kind WHEN 'message' THEN id_json ELSE payload END NULLS FIRST
"""
