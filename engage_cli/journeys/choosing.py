"""Splits and randomize: which branch each token takes at the instant of its arrival."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engage_cli.definitions.journey_graph import NONE
from engage_cli.definitions.journey_steps import Randomize, Split, WhenBranch
from engage_cli.journeys.sight import Turn

if TYPE_CHECKING:
    from engage_cli.journeys.walk import Walk


def choose_branch(walk: Walk, split: Split) -> None:
    """The first branch whose condition holds, else none."""
    ask_branches(walk, split.id, split.branches)
    walk.engine.execute(_CHOSEN, [NONE])


def ask_branches(walk: Walk, step: str, branches: tuple[WhenBranch, ...]) -> None:
    """Make `w_open(instance, token, number, branch)`: the branches whose condition holds for each token of `w_here`, as of its arrival."""
    asked = [branch for branch in branches if branch.when is not None]
    if asked:
        walk.engine.execute(_ASKED)
    walk.asker.ask([f"{step}.{branch.name}" for branch in asked], Turn.ARRIVAL)
    walk.engine.execute(
        _OPEN,
        [
            list(range(len(branches))),
            [branch.name for branch in branches],
            [None if branch.when is None else f"{step}.{branch.name}" for branch in branches],
        ],
    )


def draw_arm(walk: Walk, randomize: Randomize) -> None:
    """The arm in whose share the hash of the user, as known at the entry, falls; of user and key, or, with `reassign`, of the instance."""
    shares, sofar = [], 0
    for arm in randomize.branches:
        sofar += arm.percent_millionths
        shares.append(sofar)
    walk.engine.execute(
        _DRAWN,
        [
            list(range(len(shares))),
            [arm.name for arm in randomize.branches],
            shares,
            randomize.reassign,
            walk.journey.key is not None,
            f"{walk.journey.name}.{randomize.id}:",
        ],
    )


_ASKED = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT instance, token, user_key, arrived_at AS asked_at, key, entered_at, context FROM w_here
"""
_OPEN = """
    CREATE OR REPLACE TEMP TABLE w_open AS
    SELECT h.instance, h.token, b.number, b.branch
    FROM w_here AS h
    CROSS JOIN (
        SELECT unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS VARCHAR[])) AS branch, unnest(CAST(? AS VARCHAR[])) AS name
    ) AS b
    LEFT JOIN w_true AS t ON t.name = b.name AND t.instance = h.instance AND t.token = h.token
    WHERE b.name IS NULL OR t.name IS NOT NULL
"""
_CHOSEN = """
    CREATE OR REPLACE TEMP TABLE w_left AS
    SELECT h.instance, h.token, h.arrived_at AS moved_at, coalesce(o.branch, CAST(? AS VARCHAR)) AS outcome,
        CASE WHEN o.branch IS NULL THEN 'none' ELSE 'branch' END AS cause, o.branch, CAST(NULL AS VARCHAR) AS event, h.context, h.used,
        h.action, h.action AS own
    FROM w_here AS h
    LEFT JOIN (
        SELECT instance, token, arg_min(branch, number) AS branch FROM w_open GROUP BY instance, token
    ) AS o USING (instance, token)
"""
_DRAWN = """
    CREATE OR REPLACE TEMP TABLE w_left AS
    WITH arm AS (
        SELECT unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS VARCHAR[])) AS branch, unnest(CAST(? AS BIGINT[])) AS share
    ), drawn AS (
        SELECT h.*, CAST('0x' || substr(md5(salt || CASE
            WHEN reassign THEN instance_id
            WHEN keyed THEN user_id || chr(31) || coalesce(key, '')
            ELSE user_id
        END), 1, 8) AS BIGINT) AS bucket
        FROM w_here AS h CROSS JOIN (SELECT CAST(? AS BOOLEAN) AS reassign, CAST(? AS BOOLEAN) AS keyed, CAST(? AS VARCHAR) AS salt)
    )
    SELECT d.instance, d.token, d.arrived_at AS moved_at, a.branch AS outcome, 'branch' AS cause, a.branch, CAST(NULL AS VARCHAR) AS event,
        d.context, d.used, d.action, d.action AS own
    FROM drawn AS d JOIN arm AS a ON d.bucket * 100000000 < a.share * 4294967296
    QUALIFY row_number() OVER (PARTITION BY d.instance, d.token ORDER BY a.number) = 1
"""
