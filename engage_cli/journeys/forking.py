"""Forks: a token for each branch whose condition holds, and the instance going on where the last of them has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engage_cli.definitions.journey_graph import JOINED, NONE, Join
from engage_cli.definitions.journey_steps import Fork
from engage_cli.journeys.choosing import ask_branches

if TYPE_CHECKING:
    from engage_cli.definitions.journey_graph import Place
    from engage_cli.journeys.walk import Walk


def fork_out(walk: Walk, fork: Fork, place: Place) -> None:
    """Every branch that holds gets a token of its own; where none does, the token goes on."""
    engine = walk.engine
    ask_branches(walk, fork.id, fork.branches)
    engine.execute(_NOBODY, [NONE])
    walk.move_on(place)
    targets = [target for branch in fork.branches if (target := place.way(branch.name).target) is not None]
    assert len(targets) == len(fork.branches), "a branch of a fork leads to its join at the latest"
    names = [_step_name(walk, target) for target in targets]
    # A branch's way in is logged after all that the branches before it do at once: where it begins, or, without steps, the next one does.
    begins = [min(targets[number:]) for number in range(len(targets))]
    engine.execute(_BRANCHES, [list(range(len(targets))), targets, names, begins])
    engine.execute(_CHILDREN, [f"{fork.id}:"])
    engine.execute(_LOG, [fork.id])
    engine.execute(_ARRIVE)


def _step_name(walk: Walk, target: int) -> str | None:
    place = walk.graph.places[target]
    return None if isinstance(place.node, Join) else place.id


def join_up(walk: Walk, place: Place) -> None:
    """Where all branches of a token's fork have ended, it goes on with what they brought; the others wait for the rest."""
    assert isinstance(place.node, Join)
    walk.engine.execute(_ENDED, [place.node.fork])
    walk.engine.execute(_TOGETHER, [JOINED])
    walk.engine.execute(_WAITING)


_NOBODY = """
    CREATE OR REPLACE TEMP TABLE w_left AS
    SELECT h.instance, h.token, h.arrived_at AS moved_at, CAST(? AS VARCHAR) AS outcome, 'none' AS cause, CAST(NULL AS VARCHAR) AS branch,
        CAST(NULL AS VARCHAR) AS event, h.context, h.used, h.action, h.action AS own
    FROM w_here AS h ANTI JOIN w_open AS o USING (instance, token)
"""
_BRANCHES = """
    CREATE OR REPLACE TEMP TABLE w_way_in AS
    SELECT unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS INTEGER[])) AS target, unnest(CAST(? AS VARCHAR[])) AS to_step,
        unnest(CAST(? AS INTEGER[])) AS begins
"""
_CHILDREN = """
    CREATE OR REPLACE TEMP TABLE w_child AS
    SELECT h.*, CASE WHEN h.token = '' THEN '' ELSE h.token || '/' END || CAST(? AS VARCHAR) || o.branch AS child, o.branch, w.number,
        w.target,
        w.to_step, w.begins
    FROM w_here AS h JOIN w_open AS o USING (instance, token) JOIN w_way_in AS w ON w.number = o.number
"""
_LOG = """
    INSERT INTO w_log
    SELECT instance, child, CAST(? AS VARCHAR), to_step, arrived_at, 'branch', branch, NULL, action, begins - 0.5,
        [{'rank': 0, 'branch': number, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': number, 'who': ''}]
    FROM w_child
"""
_ARRIVE = """
    INSERT INTO w_token
    SELECT instance, child, target, arrived_at, arrived_at, last_at, context, used, TRUE, NULL, action FROM w_child
"""
# `w_ended` has the tokens at the join, each with the token of its fork and whether a branch of that is still under way. One that comes to
# an exit ends the instance, and never comes here.
_ENDED = """
    CREATE OR REPLACE TEMP TABLE w_ended AS
    SELECT h.*, f.parent,
        EXISTS (
            SELECT 1 FROM (SELECT instance, token FROM w_stay UNION ALL SELECT instance, token FROM w_end) AS s
            WHERE s.instance = h.instance
                AND starts_with(s.token, CASE WHEN f.parent = '' THEN '' ELSE f.parent || '/' END || CAST(? AS VARCHAR) || ':')
        ) AS under_way
    FROM w_here AS h JOIN w_path AS f USING (token)
"""
_TOGETHER = """
    CREATE OR REPLACE TEMP TABLE w_left AS
    WITH known AS (
        SELECT instance, parent, unnest(map_entries(context)) AS entry, arrived_at, action, place_in_order FROM w_ended WHERE NOT under_way
    ), merged AS (
        SELECT instance, parent, map_from_entries(list({'k': entry.key, 'v': entry.value} ORDER BY entry.key)) AS context
        FROM (
            FROM known QUALIFY row_number() OVER (
                PARTITION BY instance, parent, entry.key ORDER BY entry.value.since DESC, arrived_at DESC, action DESC, place_in_order DESC
            ) = 1
        )
        GROUP BY instance, parent
    ), last AS (
        SELECT instance, parent, arrived_at AS moved_at, action,
            flatten(list(used) OVER (PARTITION BY instance, parent, arrived_at)) AS used
        FROM w_ended WHERE NOT under_way
        QUALIFY row_number() OVER (PARTITION BY instance, parent ORDER BY arrived_at DESC, action DESC, place_in_order DESC) = 1
    )
    SELECT l.instance, l.parent AS token, l.moved_at, CAST(? AS VARCHAR) AS outcome, 'joined' AS cause, CAST(NULL AS VARCHAR) AS branch,
        CAST(NULL AS VARCHAR) AS event, coalesce(m.context, MAP {}) AS context, l.used, l.action, l.action AS own
    FROM last AS l LEFT JOIN merged AS m USING (instance, parent)
"""
_WAITING = """
    INSERT INTO w_stay
    SELECT instance, token, place, arrived_at, waiting_since, last_at, context, used, NULL FROM w_ended WHERE under_way
"""
