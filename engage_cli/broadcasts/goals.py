"""Who reached the goal of a broadcast: the event of it from a recipient's `send_at` on, within its duration, end included."""

from datetime import datetime

from sqlglot import exp

from engage_cli.broadcasts.planning import plan_goal
from engage_cli.definitions.journey import Goal
from engage_cli.engine.base import Engine
from engage_cli.journeys.happening import those_of
from engage_cli.plan.needs import Catalog
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column
from engage_cli.sql.scope import EVENTS


def make_goal(engine: Engine, goal: Goal | None, name: str, catalog: Catalog, zone: str, until: datetime) -> None:
    """Make `b_goal(candidate_id, reached_at)` of the broadcast's recorded candidates who reached its goal by `until`, each at the first
    time.

    Needs `instance_user`; the events of the goal are staged. Of a control `send_at` is what it would have been. Who is excluded is left
    out.
    """
    engine.execute("DROP TABLE IF EXISTS temp.main.b_goal_event")
    engine.execute("DROP TABLE IF EXISTS temp.main.b_goal_until")
    if goal is None:
        engine.execute("CREATE OR REPLACE TEMP TABLE b_goal (candidate_id VARCHAR, reached_at TIMESTAMP)")
        return
    awaited = plan_goal(goal, zone)
    shown = [column("user_key", EVENTS), column("ts", EVENTS)]
    engine.create("b_goal_event", those_of(awaited.names, awaited.row, shown, catalog, zone, None, until))
    engine.execute(_CANDIDATES, [name])
    limit: exp.Expr = exp.cast(exp.null(), "TIMESTAMP")
    if goal.within is not None:
        limit = after_duration(column("send_at", "c"), goal.within, zone)
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("c"))
    query = exp.select(star, exp.alias_(limit, "until")).from_(exp.alias_(exp.to_table("b_measured"), "c", table=True))
    engine.create("b_goal_until", query)
    engine.execute(_GOAL)


_CANDIDATES = """
    CREATE OR REPLACE TEMP TABLE b_measured AS
    SELECT c.candidate_id, u.user_key, c.send_at FROM state.main.candidate AS c JOIN instance_user AS u USING (user_id)
    WHERE c.campaign_kind = 'broadcast' AND c.campaign = ? AND c.send_at IS NOT NULL AND c.withheld IS DISTINCT FROM 'excluded'
"""
_GOAL = """
    CREATE OR REPLACE TEMP TABLE b_goal AS
    SELECT c.candidate_id, min(e.ts) AS reached_at
    FROM b_goal_until AS c JOIN b_goal_event AS e ON e.user_key = c.user_key AND e.ts >= c.send_at AND (c.until IS NULL OR e.ts <= c.until)
    GROUP BY c.candidate_id
"""
