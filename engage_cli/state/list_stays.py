"""Who stands on lists at destinations because journeys put them there: each stay from its `sync` step on, until `remove_after` has passed.

A stay is of the list, not of the instance: it lasts as long as it was said to, also when the instance ends before. Who stands on a list by
several stays goes from it with the last.
"""

from collections.abc import Sequence
from datetime import datetime

from engage_cli.engine.base import Engine
from engage_cli.state.instants import stored
from engage_cli.state.store import State

Pair = tuple[str, str]
"""A destination and a list of it."""


def lists_of_stays(state: State) -> list[Pair]:
    """Every list onto which a journey ever put somebody."""
    return [(str(destination), str(name)) for destination, name in state.engine.rows(_LISTS)]


def overdue_lists(state: State, as_of: datetime) -> list[Pair]:
    """The lists of which somebody was told whose time on them is over at `as_of`, or that `guard` held back."""
    at = stored(as_of)
    return [(str(destination), str(name)) for destination, name in state.engine.rows(_OVERDUE, [at, at])]


def make_listed_members(engine: Engine, lists: Sequence[Pair], as_of: datetime) -> None:
    """Make `synced_member` (state/syncs.py) of the lists, from the stays of the state and those of this tick (`r_synced`, `step_settings`,
    `instance_user`)."""
    at = stored(as_of)
    engine.execute("DROP TABLE IF EXISTS temp.main.synced_member")
    engine.execute(_MEMBERS, [[one for one, _ in lists], [name for _, name in lists], at, at])


_LISTS = "SELECT DISTINCT destination, list FROM state.main.list_stay WHERE list IS NOT NULL ORDER BY ALL"
_OVERDUE = """
    SELECT destination, list FROM (
        SELECT told.destination, told.list FROM state.main.list_member AS told
        ANTI JOIN (
            SELECT destination, list, user_id FROM state.main.list_stay
            WHERE list IS NOT NULL AND added_at <= ? AND (remove_at IS NULL OR remove_at > ?)
        ) AS stay ON stay.destination = told.destination AND stay.list = told.list AND stay.user_id = told.user_id
        UNION ALL
        SELECT destination, source FROM state.main.sync WHERE held
    ) SEMI JOIN (SELECT destination, list FROM state.main.list_stay) AS journeys USING (destination, list)
    GROUP BY ALL ORDER BY ALL
"""
_MEMBERS = """
    CREATE TEMP TABLE synced_member AS
    SELECT DISTINCT stay.list AS audience, stay.user_id, coalesce(users.user_id, stay.user_id) AS now_id, stay.destination
    FROM (
        SELECT destination, list, user_id, added_at, remove_at FROM state.main.list_stay WHERE list IS NOT NULL
        UNION ALL
        SELECT s.destination, s.list, r.user_id, r.added_at, r.remove_at
        FROM r_synced AS r JOIN step_settings AS s USING (journey, version, step) WHERE s.list IS NOT NULL
    ) AS stay
    SEMI JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS destination, unnest(CAST(? AS VARCHAR[])) AS list) AS asked USING (destination, list)
    LEFT JOIN instance_user AS known ON known.user_id = stay.user_id
    LEFT JOIN users ON users.user_key = known.user_key
    WHERE stay.added_at <= ? AND (stay.remove_at IS NULL OR stay.remove_at > ?)
"""
