"""Taking people out of the state: every row of theirs, in every table, and what was counted of them.

The caller holds the lock. Which people, is kept beside the state as hashes (service/forgotten.py); the state says whose rows it is
without. A state that does not say so of all, such as a backup that was put back or one whose purge was cut off, is purged by the next run.

A table has people's rows where it has a column `user_id`, `alias` or `subject_id`, and where it has `instance`, those of their journeys.
In some tables the ids may be of accounts: those rows are left alone.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from engage_cli.crash import crash_point
from engage_cli.definitions.forgotten import STATE_ID, Forgotten
from engage_cli.engine.base import Engine
from engage_cli.sql.functions import e_sha256
from engage_cli.state.outbox import ACCOUNT_TRACK, calls_of_audiences
from engage_cli.state.packing import write_anew
from engage_cli.state.store import State, next_revision, restoring_path

_IDS = ("user_id", "alias", "subject_id")
"""The columns that name people."""
_OF_ACCOUNTS = {
    "membership": "audience IN (SELECT audience FROM of_accounts)",
    "outbox": "CASE WHEN kind IN ('trait', 'trait_sync') THEN source IN (SELECT trait FROM state.main.trait_clock WHERE of = 'accounts')"
    " ELSE kind IN ('membership', 'sync', 'list') AND source IN (SELECT audience FROM of_accounts) END",
    "list_member": "list IN (SELECT audience FROM of_accounts) AND (destination, list) NOT IN"
    " (SELECT (destination, source) FROM state.main.outbox WHERE kind = 'each')",
    "trait_value": "of = 'accounts'",
}
"""Of the tables whose ids may be of accounts, which rows are. Of some audiences of accounts a destination is told of each user."""


_UNCLEAN = "unclean"
"""Stands for the digest where the rows are out of the tables, and the file is not made anew yet."""


def is_purged(state: State, forgotten: Forgotten) -> bool:
    """Whether the state is without all these people."""
    return _recorded(state) == forgotten.digest


def _recorded(state: State) -> str:
    rows = state.engine.rows("SELECT digest FROM state.main.forgotten")
    return str(rows[0][0]) if rows else ""


def rows_of(state: State, forgotten: Forgotten) -> dict[str, int]:
    """How many rows each table has of these people; only tables that have some."""
    engine = state.engine
    _find(engine, forgotten)
    found = {}
    for table, condition in _conditions(engine).items():
        query = exp.select(exp.Count(this=exp.Star()).as_("n")).from_(exp.to_table(f"state.main.{table}")).where(condition)
        found[table] = int(engine.rows(query)[0][0])
    return {table: number for table, number in sorted(found.items()) if number}


def files_told(state: State, forgotten: Forgotten) -> tuple[list[tuple[int, str]], list[str], list[str]]:
    """Where these people were written: files in runs' folders as (run, path), member files, and the destinations that were told of them."""
    _find(state.engine, forgotten)
    folders = state.engine.rows(_FILES_TOLD)
    members = state.engine.rows(_MEMBER_FILES)
    destinations = state.engine.rows(_DESTINATIONS)
    return [(int(run), str(path)) for run, path in folders], [str(path) for (path,) in members], [str(name) for (name,) in destinations]


def purge(state: State, forgotten: Forgotten) -> bool:
    """Take every row of these people out of the state, and make its file anew, so that nothing of them stays in it; whether there was any.

    Killed at any point, it is done again, from the start, by the next run.
    """
    found = bool(rows_of(state, forgotten))
    unclean = found or _recorded(state) == _UNCLEAN
    engine = state.engine
    with engine.transaction():
        if found:
            _remove(engine)
            next_revision(engine)
        _record(engine, "state", _UNCLEAN if unclean else forgotten.digest)
    if unclean:
        crash_point("forgetting")
        _make_anew(state, forgotten)
    return found


def _make_anew(state: State, forgotten: Forgotten) -> None:
    """Copy the state without what its file still holds of removed rows, and put the copy in its place."""

    def finish(engine: Engine) -> None:
        with engine.transaction():
            _record(engine, "clean", forgotten.digest)

    write_anew(state.engine, state.path, restoring_path(state.path), finish)


_RECORDS = {
    "state": ("DELETE FROM state.main.forgotten", "INSERT INTO state.main.forgotten VALUES (?)"),
    "clean": ("DELETE FROM clean.main.forgotten", "INSERT INTO clean.main.forgotten VALUES (?)"),
}


def _record(engine: Engine, catalog: str, digest: str) -> None:
    delete, insert = _RECORDS[catalog]
    engine.execute(delete)
    engine.execute(insert, [digest])


def holds(engine: Engine, path: Path, forgotten: Forgotten) -> bool:
    """Whether another copy of a state, such as a backup, has rows of these people."""
    engine.attach(path, "copy", read_only=True)
    try:
        named = [table for table, columns in _tables(engine, "copy").items() if "user_id" in columns]
        ids = exp.union(*(exp.select("user_id").from_(exp.to_table(f"copy.main.{table}")) for table in named), distinct=True).subquery(
            "every"
        )
        theirs = e_sha256(exp.column("user_id")).isin(*(exp.Literal.string(one) for one in forgotten.of(STATE_ID)))
        return bool(engine.rows(exp.select("user_id").from_(ids).where(theirs).limit(1)))
    finally:
        engine.detach("copy")


# ---- whose rows ----------------------------------------------------------------------------------------------------------


def _find(engine: Engine, forgotten: Forgotten) -> None:
    """Make `forgotten_id(user_id)`, `forgotten_instance(instance)`, `of_accounts(audience)`, and of what was told of them
    `forgotten_outbox` and `forgotten_told(run, path, destination)`."""
    accounts = sorted(name for name, call in calls_of_audiences(engine).items() if call == ACCOUNT_TRACK)
    for name in ("forgotten_id", "forgotten_instance", "of_accounts", "forgotten_outbox", "forgotten_told"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    engine.execute("CREATE TEMP TABLE of_accounts AS SELECT unnest(CAST(? AS VARCHAR[])) AS audience", [accounts])
    hashes = list(forgotten.of(STATE_ID))
    engine.execute("CREATE OR REPLACE TEMP TABLE forgotten_hash AS SELECT unnest(CAST(? AS VARCHAR[])) AS hash", [hashes])
    columns = [(table, name) for table, columns in _tables(engine).items() for name in _IDS if name in columns]
    ids = [exp.select(exp.column(name).as_("user_id")).from_(exp.to_table(f"state.main.{table}")) for table, name in columns]
    every = exp.union(*ids).subquery("every")
    theirs = e_sha256(exp.column("user_id")).isin(query="SELECT hash FROM forgotten_hash")
    engine.create("forgotten_id", exp.select("user_id").from_(every).where(theirs))
    engine.execute(_ALIASES)
    engine.execute(_INSTANCES)
    engine.create("forgotten_outbox", exp.select("*").from_(exp.to_table("state.main.outbox")).where(_conditions(engine)["outbox"]))
    engine.execute(_TOLD)


def _tables(engine: Engine, catalog: str = "state") -> dict[str, list[str]]:
    """The columns of each table of an attached state. Their names are ours."""
    rows = engine.rows(
        "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE database_name = ? GROUP BY table_name ORDER BY ALL", [catalog]
    )
    return {str(table): list(columns) for table, columns in rows}


def _conditions(engine: Engine) -> dict[str, exp.Expr]:
    """What says of a row of each table of people that it is theirs."""
    found: dict[str, exp.Expr] = {}
    for table, columns in _tables(engine).items():
        named = [exp.column(name).isin(query="SELECT user_id FROM forgotten_id") for name in _IDS if name in columns]
        if not named and "instance" in columns:
            named = [exp.column("instance").isin(query="SELECT instance FROM forgotten_instance")]
        if named:
            of_users = [exp.not_(exp.condition(_OF_ACCOUNTS[table], dialect="duckdb"))] if table in _OF_ACCOUNTS else []
            found[table] = exp.and_(exp.or_(*named), *of_users)
    return found


def _remove(engine: Engine) -> None:
    """Remove the rows, inside a transaction, and count anew what was counted of them."""
    for statement in (*_LISTS, _EVENTS):
        engine.execute(statement)
    for table, condition in _conditions(engine).items():
        engine.execute(exp.delete(exp.to_table(f"state.main.{table}"), where=condition))
    for statement in _COUNTS:
        engine.execute(statement)


_EVENTS = """
    DELETE FROM state.main.seen_event WHERE message_id IN (
        SELECT entry_event FROM state.main.instance WHERE instance IN (SELECT instance FROM forgotten_instance) AND entry_event IS NOT NULL
        UNION ALL SELECT event FROM state.main.transition
            WHERE instance IN (SELECT instance FROM forgotten_instance) AND event IS NOT NULL
    )
"""
_LISTS: Sequence[str] = (
    # Rows of a list are of identifiers, which several members may share: the row then goes on as another's. Else all that was ever
    # told of these identifiers goes.
    "DROP TABLE IF EXISTS temp.main.forgotten_row",
    """
    CREATE TEMP TABLE forgotten_row AS
    SELECT row.*, min(other.user_id) AS heir FROM (
        SELECT destination, list, identifiers FROM state.main.list_member
        WHERE user_id IN (SELECT user_id FROM forgotten_id) AND list NOT IN (SELECT audience FROM of_accounts)
        UNION SELECT destination, source, payload FROM state.main.outbox
        WHERE kind = 'list' AND user_id IN (SELECT user_id FROM forgotten_id) AND source NOT IN (SELECT audience FROM of_accounts)
    ) AS row
    LEFT JOIN (SELECT * FROM state.main.list_member WHERE user_id NOT IN (SELECT user_id FROM forgotten_id)) AS other
        ON other.destination = row.destination AND other.list = row.list AND other.identifiers = row.identifiers
    GROUP BY ALL
    """,
    """
    UPDATE state.main.outbox AS told SET user_id = row.heir FROM forgotten_row AS row
    WHERE told.kind = 'list' AND told.destination = row.destination AND told.source = row.list AND told.payload = row.identifiers
        AND row.heir IS NOT NULL AND told.user_id IN (SELECT user_id FROM forgotten_id)
    """,
    """
    DELETE FROM state.main.outbox AS told USING forgotten_row AS row
    WHERE told.kind = 'list' AND told.destination = row.destination AND told.source = row.list AND told.payload = row.identifiers
        AND row.heir IS NULL
    """,
)
_COUNTS: Sequence[str] = (
    """
    UPDATE state.main.run_file AS file SET rows = coalesce((
        SELECT count(*) FROM state.main.outbox AS made WHERE made.run = file.run AND made.kind = file.kind AND made.source = file.source
            AND (made.destination IS NULL OR made.destination = file.destination) AND (made.kind <> 'list' OR made.change = file.call)
    ), 0)
    """,
    """
    UPDATE state.main.audience_clock AS clock SET
        entered = (SELECT count(*) FROM state.main.outbox AS made
            WHERE made.kind = 'membership' AND made.run = clock.run AND made.source = clock.audience AND made.change = 'entered'),
        exited = (SELECT count(*) FROM state.main.outbox AS made
            WHERE made.kind = 'membership' AND made.run = clock.run AND made.source = clock.audience AND made.change = 'exited')
    """,
    """
    UPDATE state.main.trait_clock AS clock SET changed = (
        SELECT count(DISTINCT subject_id) FROM state.main.trait_value AS held
        WHERE held.trait = clock.trait AND clock.run IN (held.run, held.until_run)
    )
    """,
)
_ALIASES = """
    INSERT INTO forgotten_id
    SELECT DISTINCT alias FROM state.main.alias WHERE user_id IN (FROM forgotten_id) AND alias NOT IN (FROM forgotten_id)
"""
_INSTANCES = """
    CREATE TEMP TABLE forgotten_instance AS SELECT instance FROM state.main.instance WHERE user_id IN (SELECT user_id FROM forgotten_id)
"""
_TOLD = """
    CREATE TEMP TABLE forgotten_told AS
    SELECT DISTINCT file.run, file.path, CASE WHEN file.kind <> 'message' THEN file.destination END AS destination
    FROM forgotten_outbox AS made JOIN state.main.run_file AS file
        ON made.run = file.run AND made.kind = file.kind AND made.source = file.source
        AND (made.destination IS NULL OR made.destination = file.destination) AND (made.kind <> 'list' OR made.change = file.call)
"""
_FILES_TOLD = "SELECT DISTINCT run, path FROM forgotten_told ORDER BY ALL"
_DESTINATIONS = "SELECT DISTINCT destination FROM forgotten_told WHERE destination IS NOT NULL ORDER BY ALL"
_MEMBER_FILES = """
    SELECT path FROM state.main.member_file WHERE audience IN (
        SELECT audience FROM state.main.membership WHERE exited_at IS NULL AND user_id IN (SELECT user_id FROM forgotten_id)
    ) AND audience NOT IN (SELECT audience FROM of_accounts) ORDER BY path
"""
