"""The schema's versions, and how a state of an earlier one comes forward. Called when a run opens the state.

A new state's tables come in one transaction; each migration of an older one is recorded with its changes in one. A published version never
changes: whatever comes next is a new one.
"""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.crash import crash_point
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.state.broadcast_tables import CREATE_BROADCASTS
from engage_cli.state.journey_tables import CREATE_JOURNEYS
from engage_cli.state.message_tables import CREATE_MESSAGES
from engage_cli.state.tables import CREATE_ALIASES, CREATE_TABLES, MEASURE_FILE, RECORD_TRAITS, REMEMBER_FORGOTTEN, TELL_MORE


class Migration(Struct, frozen=True):
    """The step from version `version - 1`: what it does in a few words, and its statements."""

    version: int
    description: str
    statements: tuple[str, ...]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "runs, clocks, memberships and their outbox", CREATE_TABLES),
    Migration(2, "ids that members were known by before", CREATE_ALIASES),
    Migration(3, "an outbox of more than memberships, what each destination knows, and members of lists", TELL_MORE),
    Migration(4, "journeys", CREATE_JOURNEYS),
    Migration(5, "values of computed traits, and since when", RECORD_TRAITS),
    Migration(6, "which people were taken out of it", REMEMBER_FORGOTTEN),
    Migration(7, "messages that wait, and what became of the others", CREATE_MESSAGES),
    Migration(8, "broadcasts", CREATE_BROADCASTS),
    Migration(9, "how large its file was when it was last written at once", MEASURE_FILE),
)

_CREATE_HISTORY = """
    CREATE TABLE IF NOT EXISTS state.migration (   -- one row for each migration that was run
        version INTEGER PRIMARY KEY,
        description VARCHAR NOT NULL,
        tool_version VARCHAR NOT NULL              -- the engage that ran it
    )
"""
_RECORD = """
    INSERT INTO state.migration SELECT unnest(CAST(? AS INTEGER[])), unnest(CAST(? AS VARCHAR[])), CAST(? AS VARCHAR)
"""


def version_of(engine: Engine, catalog: str = "state") -> int:
    """The schema version of an attached file; 0 for a file without our tables."""
    if not engine.has("migration", catalog):
        return 0
    assert catalog in _VERSION, "the catalogs that a state is attached under are ours"
    return int(engine.rows(_VERSION[catalog])[0][0] or 0)


_VERSION = {
    "state": "SELECT max(version) FROM state.main.migration",
    "candidate": "SELECT max(version) FROM candidate.main.migration",
    "published": "SELECT max(version) FROM published.main.migration",
}


def refuse_newer(version: int, path: object, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Raise EngageError for a state that a newer engage has written."""
    newest = migrations[-1].version
    if version > newest:
        raise EngageError(
            f"{path} has schema version {version}; this engage knows versions up to {newest}",
            hint="use the engage that wrote it, or a newer one",
        )


def make_schema(engine: Engine, tool_version: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make the tables of the newest version in a state that is new: in one transaction, which costs half as much as one for each step."""
    with engine.transaction():
        engine.execute(_CREATE_HISTORY)
        for migration in migrations:
            for statement in migration.statements:
                engine.execute(statement)
        engine.execute(_RECORD, [[one.version for one in migrations], [one.description for one in migrations], tool_version])


def migrate(engine: Engine, tool_version: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the attached state forward to the newest version, each step in a transaction of its own."""
    engine.execute(_CREATE_HISTORY)
    version = version_of(engine)
    for migration in migrations:
        if migration.version <= version:
            continue
        crash_point("migrate")
        with engine.transaction():
            for statement in migration.statements:
                engine.execute(statement)
            engine.execute(_RECORD, [[migration.version], [migration.description], tool_version])
        crash_point("migrated")
