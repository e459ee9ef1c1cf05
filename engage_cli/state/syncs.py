"""What each destination knows: until which run it was told of an audience, and what has to be said now to bring it up to date.

Works on temporary relations:

`synced_member(audience VARCHAR, user_id VARCHAR, now_id VARCHAR, destination VARCHAR)`
    the members, as of this run, of the audiences that some destination is told of whole: the ids that their stays have, and those that
    their profiles have now. Of a list of journeys also the destination that alone has the member; NULL of an audience.
`sync_change(destination VARCHAR, audience VARCHAR, user_id VARCHAR, now_id VARCHAR, change VARCHAR)`
    what a destination of events that is behind is told to know the audience.

Of an audience of accounts the ids are those of accounts.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.state.inserting import insert_rows
from engage_cli.state.store import State


class Sync(Struct, frozen=True):
    """An audience (or list) and a destination: the last run after which the destination knew it all, 0 before the first.

    `held`: a later run held changes back that `guard` does not let pass.
    """

    destination: str
    source: str
    run: int
    held: bool = False


class Behind(Struct, frozen=True):
    """A destination of events that does not know an audience as it was before this run. `again`: it is told all, whatever it knows."""

    destination: str
    audience: str
    run: int
    again: bool = False


def syncs_of(state: State | None) -> dict[tuple[str, str], Sync]:
    """Every destination and audience (list), by these two, that ever belonged together."""
    if state is None:
        return {}
    rows = state.engine.rows("SELECT destination, source, run, held FROM state.main.sync ORDER BY destination, source")
    return {(destination, source): Sync(destination, source, run, held) for destination, source, run, held in rows}


def last_changes(state: State | None) -> dict[str, int]:
    """The last run that changed each audience that ever had a member."""
    if state is None:
        return {}
    rows = state.engine.rows(_LAST_CHANGES)
    return {str(audience): int(run) for audience, run in rows}


def record_syncs(engine: Engine, syncs: Iterable[Sync]) -> None:
    """Set what destinations know, inside the run's transaction."""
    rows = [(sync.destination, sync.source, sync.run, sync.held) for sync in syncs]
    engine.execute(_DELETE_SYNCS, [[row[number] for row in rows] for number in range(2)])
    insert_rows(engine, "INSERT INTO state.main.sync", rows)


def make_synced_members(engine: Engine, state: State | None, audiences: Collection[str]) -> None:
    """Make `synced_member` of some audiences, from `membership_change` and the stays that the state has."""
    engine.execute("DROP TABLE IF EXISTS temp.main.synced_member")
    stays = _STAYS if state is not None else ""
    now_id, alias = ("coalesce(alias.user_id, member.user_id)", _ALIAS) if engine.has("alias_now") else ("member.user_id", "")
    engine.execute(_MEMBERS.replace("{now_id}", now_id).replace("{stays}", stays).replace("{alias}", alias), [sorted(audiences)])


def make_sync_changes(engine: Engine, state: State | None, behind: Sequence[Behind]) -> None:
    """Make `sync_change`, from `synced_member` and what the destinations know."""
    for name in ("sync_behind", "sync_told", "sync_change"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    columns = zip(*((one.destination, one.audience, one.run, one.again) for one in behind), strict=True) if behind else ((),) * 4
    engine.execute(_BEHIND, [list(column) for column in columns])
    engine.execute(_TOLD if state is not None else _NOTHING_TOLD)
    engine.execute(_CHANGES)


_LAST_CHANGES = """
    SELECT audience, max(greatest(entered_run, coalesce(exited_run, 0))) FROM state.main.membership GROUP BY audience ORDER BY audience
"""
_STAYS = """
    SELECT stay.audience, stay.user_id FROM state.main.membership AS stay
    ANTI JOIN membership_change AS gone
        ON gone.audience = stay.audience AND gone.user_id = stay.user_id AND gone.change = 'exited'
    WHERE stay.exited_at IS NULL
    UNION ALL
"""
_ALIAS = "LEFT JOIN alias_now AS alias ON alias.alias = member.user_id"
_MEMBERS = """
    CREATE TEMP TABLE synced_member AS
    SELECT member.audience, member.user_id, {now_id} AS now_id, CAST(NULL AS VARCHAR) AS destination FROM (
        {stays}
        SELECT audience, user_id FROM membership_change WHERE change = 'entered'
    ) AS member {alias}
    WHERE list_contains(CAST(? AS VARCHAR[]), member.audience)
"""
_BEHIND = """
    CREATE TEMP TABLE sync_behind AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS destination, unnest(CAST(? AS VARCHAR[])) AS audience,
        unnest(CAST(? AS INTEGER[])) AS run, unnest(CAST(? AS BOOLEAN[])) AS again
"""
_TOLD = """
    CREATE TEMP TABLE sync_told AS
    SELECT behind.destination, behind.audience, stay.user_id
    FROM sync_behind AS behind JOIN state.main.membership AS stay ON stay.audience = behind.audience
    WHERE stay.entered_run <= behind.run AND (stay.exited_run IS NULL OR stay.exited_run > behind.run)
"""
_NOTHING_TOLD = "CREATE TEMP TABLE sync_told AS SELECT destination, audience, '' AS user_id FROM sync_behind WHERE FALSE"
_CHANGES = """
    CREATE TEMP TABLE sync_change AS
    SELECT behind.destination, behind.audience, member.user_id, member.now_id, 'entered' AS change
    FROM sync_behind AS behind JOIN synced_member AS member ON member.audience = behind.audience
    LEFT JOIN sync_told AS told
        ON told.destination = behind.destination AND told.audience = behind.audience AND told.user_id = member.user_id
    WHERE behind.again OR told.user_id IS NULL
    UNION ALL
    SELECT told.destination, told.audience, told.user_id, told.user_id, 'exited'
    FROM sync_told AS told
    ANTI JOIN synced_member AS member ON member.audience = told.audience AND member.user_id = told.user_id
"""
_DELETE_SYNCS = """
    DELETE FROM state.main.sync WHERE (destination, source) IN (SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS VARCHAR[])))
"""
