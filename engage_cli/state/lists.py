"""Members of lists at destinations: what a destination was last told of each, and how that differs from what it should be told now.

A list is of rows of identifiers. Two members with the same identifiers are one row: it is added with the first and removed with the
last of them, and always as it was added, whatever has become of the member meanwhile.

Works on temporary relations:

`list_next(destination VARCHAR, list VARCHAR, user_id VARCHAR, identifiers VARCHAR, basis VARCHAR)`
    made by the caller: the members of every list of this run that there is something to tell of; `identifiers` a JSON object, `basis` the
    hash of what it was made of.
`list_told`
    the same columns: what the state has of these lists.
`list_differs(destination, list, user_id, old_identifiers, identifiers, basis)`
    members for whom the two differ. `identifiers` NULL: a member no more; `old_identifiers` NULL: a new one.
`list_change(destination, list, user_id, change VARCHAR, identifiers)`
    the rows that the destination has to add and to remove, each with the first of its members.
"""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.state.store import State

EACH_USER = "each user"


class ListPair(Struct, frozen=True):
    """A list at a destination, of `users`, of `accounts`, or of each user of some accounts (EACH_USER).

    `again`: all of it is added again, whatever the destination was told.
    """

    destination: str
    name: str
    of: str
    again: bool = False


class ListChanges(Struct, frozen=True):
    """What a list at a destination has to be told: rows added and removed. `told` members were on it, `changed` differ from that."""

    added: int
    removed: int
    told: int
    changed: int


def make_told(engine: Engine, state: State | None, pairs: Sequence[ListPair]) -> None:
    """Make `list_told` of the lists at destinations."""
    for name in ("list_pair", "list_told"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    columns = zip(*((one.destination, one.name, one.of, one.again) for one in pairs), strict=True) if pairs else ((),) * 4
    engine.execute(_PAIRS, [list(column) for column in columns])
    engine.execute(_TOLD if state is not None else _NOTHING_TOLD)


def find_list_changes(engine: Engine) -> dict[tuple[str, str], ListChanges]:
    """Make `list_differs` and `list_change` of `list_next` and `list_told`; what each list is told, by destination and name."""
    for name in ("list_differs", "list_change"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    engine.execute(_DIFFERS)
    engine.execute(_CHANGES)
    return {(destination, name): ListChanges(*counts) for destination, name, *counts in engine.rows(_COUNTS)}


def hold_lists(engine: Engine, held: Sequence[tuple[str, str]]) -> None:
    """Take what lists at destinations would be told out of `list_differs` and `list_change`."""
    for destination, name in held:
        engine.execute("DELETE FROM list_differs WHERE destination = ? AND list = ?", [destination, name])
        engine.execute("DELETE FROM list_change WHERE destination = ? AND list = ?", [destination, name])


def removed_columns(engine: Engine, destination: str, name: str) -> tuple[str, ...]:
    """The columns that the rows to be removed were added with, in small letters, in name order."""
    rows = engine.rows(
        "SELECT DISTINCT unnest(json_keys(identifiers)) AS name FROM list_change"
        " WHERE change = 'removed' AND destination = ? AND list = ? ORDER BY name",
        [destination, name],
    )
    return tuple(str(row[0]) for row in rows)


def apply_list_changes(engine: Engine, run: int) -> None:
    """Make the state's members of lists what was told, inside the run's transaction; nothing where no list was looked at."""
    if engine.has("list_differs"):
        engine.execute(_DELETE)
        engine.execute(_INSERT, [run])


_PAIRS = """
    CREATE TEMP TABLE list_pair AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS destination, unnest(CAST(? AS VARCHAR[])) AS list, unnest(CAST(? AS VARCHAR[])) AS of,
        unnest(CAST(? AS BOOLEAN[])) AS again
"""
_TOLD = """
    CREATE TEMP TABLE list_told AS
    SELECT member.destination, member.list, member.user_id, member.identifiers, member.basis
    FROM state.main.list_member AS member SEMI JOIN list_pair AS pair ON pair.destination = member.destination AND pair.list = member.list
"""
_NOTHING_TOLD = """
    CREATE TEMP TABLE list_told AS
    SELECT destination, list, '' AS user_id, '' AS identifiers, '' AS basis FROM list_pair WHERE FALSE
"""
_DIFFERS = """
    CREATE TEMP TABLE list_differs AS
    SELECT coalesce(told.destination, next.destination) AS destination, coalesce(told.list, next.list) AS list,
        coalesce(told.user_id, next.user_id) AS user_id, told.identifiers AS old_identifiers, next.identifiers AS identifiers,
        next.basis AS basis
    FROM list_told AS told
    FULL JOIN list_next AS next
        ON next.destination = told.destination AND next.list = told.list AND next.user_id = told.user_id
    WHERE told.identifiers IS DISTINCT FROM next.identifiers OR told.basis IS DISTINCT FROM next.basis
"""
_CHANGES = """
    CREATE TEMP TABLE list_change AS
    SELECT next.destination, next.list, min(next.user_id) AS user_id, 'added' AS change, next.identifiers
    FROM list_next AS next
    JOIN list_pair AS pair ON pair.destination = next.destination AND pair.list = next.list
    LEFT JOIN (SELECT DISTINCT destination, list, identifiers FROM list_told) AS told
        ON told.destination = next.destination AND told.list = next.list AND told.identifiers = next.identifiers
    WHERE pair.again OR told.identifiers IS NULL
    GROUP BY next.destination, next.list, next.identifiers
    UNION ALL
    SELECT told.destination, told.list, min(told.user_id), 'removed', told.identifiers
    FROM list_told AS told
    ANTI JOIN list_next AS next
        ON next.destination = told.destination AND next.list = told.list AND next.identifiers = told.identifiers
    GROUP BY told.destination, told.list, told.identifiers
"""
_COUNTS = """
    SELECT destination, list, coalesce(added, 0), coalesce(removed, 0), coalesce(told, 0), coalesce(changed, 0) FROM list_pair
    LEFT JOIN (
        SELECT destination, list, count(*) FILTER (change = 'added') AS added, count(*) FILTER (change = 'removed') AS removed
        FROM list_change GROUP BY destination, list
    ) AS changes USING (destination, list)
    LEFT JOIN (SELECT destination, list, count(*) AS told FROM list_told GROUP BY destination, list) AS before USING (destination, list)
    LEFT JOIN (
        SELECT destination, list, count(*) AS changed FROM list_differs
        WHERE old_identifiers IS DISTINCT FROM identifiers GROUP BY destination, list
    ) AS differing USING (destination, list)
    ORDER BY destination, list
"""
_DELETE = """
    DELETE FROM state.main.list_member AS member USING list_differs AS differs
    WHERE differs.old_identifiers IS NOT NULL
        AND member.destination = differs.destination AND member.list = differs.list AND member.user_id = differs.user_id
"""
_INSERT = """
    INSERT INTO state.main.list_member
    SELECT destination, list, user_id, identifiers, basis, CAST(? AS INTEGER) FROM list_differs
    WHERE identifiers IS NOT NULL ORDER BY destination, list, user_id
"""
