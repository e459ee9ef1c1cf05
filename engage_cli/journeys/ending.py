"""How instances end: by the end of their path, by an exit step, by an exit rule or a goal; and what of the walk was before that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engage_cli.definitions.journey import EndReason, ExitAfter, ExitOn, ExitWhen
from engage_cli.definitions.journey_steps import Fork
from engage_cli.journeys.happening import make_tied
from engage_cli.journeys.sight import Turn
from engage_cli.journeys.work import ACTION, count
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import all_of, column, integer_literal, timestamp_literal

if TYPE_CHECKING:
    from engage_cli.journeys.walk import Walk


def end_instances(walk: Walk) -> None:
    """Make `w_cut(instance, ended_at, reason, …)`, and leave in `w_log`, `w_sent`, `w_set`, `w_synced` and `w_stay` what came before."""
    engine = walk.engine
    _find_exits(walk)
    engine.execute(_CUT)
    if not count(engine, "SELECT count(*) FROM w_cut"):
        engine.execute("DROP TABLE IF EXISTS temp.main.w_kept")
        engine.execute("ALTER TABLE temp.main.w_log RENAME TO w_kept")
        return
    forks = [place.id for place in walk.graph.places if isinstance(place.node, Fork)]
    engine.execute(_KEEP_LOG)
    engine.execute(_OPEN_TOKENS, [[place.index for place in walk.graph.places], [place.id for place in walk.graph.places], forks])
    engine.execute(_LOG_ENDS)
    for statement in _KEEP:
        engine.execute(statement)


def find_goals(walk: Walk) -> None:
    """Make `w_goal(instance, reached_at, event)`: the first event that reaches the goal, of the instances in `w_goal_instance`."""
    goal = walk.journey.goal
    engine = walk.engine
    if goal is None:
        engine.execute(_NO_GOAL)
        return
    ends = exp.cast(exp.null(), "TIMESTAMP") if goal.within is None else after_duration(column("entered_at", "i"), goal.within, walk.zone)
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("i"))
    engine.execute("DROP TABLE IF EXISTS temp.main.w_goal_until")
    engine.create(
        "w_goal_until",
        exp.select(star, exp.alias_(ends, "until")).from_(exp.alias_(exp.to_table("w_goal_instance"), "i", table=True)),
    )
    engine.execute(_GOAL)


def _find_exits(walk: Walk) -> None:
    """Make `w_exit(instance, acted_at, ts, event, number, is_goal, after)`: what may end each instance from outside of its path. Events
    that came in late may all act at one instant: `ts` is their own one, of which the first goes first. `after`: the action at the very
    instant that makes a condition true; what else is done at it comes after the exit."""
    engine, journey = walk.engine, walk.journey
    tied = [one for one in walk.awaited if one.place in ("exit", "goal") and one.tied]
    if tied:
        engine.execute(_HOLDERS)
    make_tied(engine, tied, walk.asker.catalog, walk.zone)
    engine.execute(_EXIT_EVENTS)
    for number, rule in enumerate(journey.exits):
        match rule:
            case ExitOn():
                pass
            case ExitAfter(duration=duration):
                instant = after_duration(column("entered_at", "i"), duration, walk.zone)
                query = exp.select(
                    column("instance", "i"),
                    exp.alias_(instant, "acted_at"),
                    exp.alias_(exp.cast(exp.Literal.string("0001-01-01"), "TIMESTAMP"), "ts"),
                    exp.alias_(exp.Literal.string(""), "event"),
                    exp.alias_(integer_literal(number), "number"),
                    exp.alias_(exp.false(), "is_goal"),
                    exp.alias_(exp.null(), "after"),
                ).from_(exp.alias_(exp.to_table("w_instance"), "i", table=True))
                query = query.where(all_of([exp.LTE(this=instant.copy(), expression=timestamp_literal(walk.until))]))
                engine.execute(exp.insert(query, "w_exit"))
            case ExitWhen():
                engine.execute(_EXIT_WAITERS)
                walk.asker.first_true(f"exit.{number}", Turn.EXIT)
                engine.execute(_EXIT_WHEN, [number])


# What the instance itself carried, as the walk goes on.
_HOLDERS = """
    CREATE OR REPLACE TEMP TABLE w_holder AS
    SELECT instance, '' AS token, user_key, CAST(to_json(map_from_entries(
            list_transform(map_entries(context), lambda e: {'k': e.key, 'v': e.value.value})
        )) AS VARCHAR) AS context, from_at,
        coalesce(lead(from_at) OVER (PARTITION BY instance ORDER BY from_at, place), TIMESTAMP '9999-12-31') AS until_at
    FROM (
        SELECT instance, user_key, context, TIMESTAMP '0001-01-01' AS from_at, -1 AS place FROM w_instance
        UNION ALL
        SELECT t.instance, i.user_key, t.context, t.arrived_at, t.place FROM w_token AS t JOIN w_instance AS i USING (instance)
        WHERE t.token = '' AND t.arrived
    )
"""
# ---- what ends an instance ------------------------------------------------------------------------------------------

_EXIT_EVENTS = """
    CREATE OR REPLACE TEMP TABLE w_exit AS
    SELECT i.instance, greatest(e.ts, CASE WHEN i.fresh THEN i.entered_at ELSE i.last_at END) AS acted_at, e.ts, e.message_id AS event,
        min(x.number) AS number, bool_and(x.is_goal) AS is_goal, CAST(NULL AS {action}) AS after
    FROM w_instance AS i
    JOIN w_happened AS e ON e.user_key = i.user_key AND e.ts >= i.entered_at
    JOIN w_exit_rule AS x ON x.occurrence = e.occurrence
    LEFT JOIN w_goal_limit AS g ON g.instance = i.instance
    WHERE (NOT x.matching OR list_contains(e.matched, i.key)) AND (i.fresh OR e.is_new) AND e.message_id IS DISTINCT FROM i.entry_event
        AND (NOT x.tied OR EXISTS (
            SELECT 1 FROM w_tied AS t WHERE t.occurrence = e.occurrence AND t.instance = i.instance AND t.message_id = e.message_id
                AND e.ts >= t.from_at AND e.ts < t.until_at
        ))
        AND (NOT x.is_goal OR g.until IS NULL OR e.ts <= g.until)
    GROUP BY ALL
""".replace("{action}", ACTION)
_EXIT_WAITERS = """
    CREATE OR REPLACE TEMP TABLE w_waiter AS
    SELECT instance, '' AS token, user_key, key, entered_at, context, fresh AS arrived, entered_at AS arrived_at,
        last_at AS instance_last_at,
        last_at
    FROM w_instance
"""
_EXIT_WHEN = "INSERT INTO w_exit SELECT instance, true_at, TIMESTAMP '0001-01-01', '', CAST(? AS INTEGER), FALSE, after FROM w_first"
# At one instant an exit goes before the end of the path, but not before one that comes with, or before, the action that makes its condition
# true.
_CUT = f"""
    CREATE OR REPLACE TEMP TABLE w_cut AS
    WITH outside AS (
        SELECT *, list_concat(
            coalesce(after, []), [{{'rank': -2, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}}]
        ) AS action
        FROM w_exit
        QUALIFY row_number() OVER (PARTITION BY instance ORDER BY acted_at, coalesce(after, []), ts, event, number) = 1
    ), inside AS (
        SELECT * FROM w_end QUALIFY row_number() OVER (PARTITION BY instance ORDER BY ended_at, action, place) = 1
    ), both_of AS (
        SELECT coalesce(o.instance, n.instance) AS instance,
            o.instance IS NULL OR (
                n.instance IS NOT NULL AND (n.ended_at < o.acted_at OR (n.ended_at = o.acted_at AND n.action < o.action))
            ) AS by_path, n.ended_at, n.reason,
            n.action AS path_action, n.place, n.token, o.acted_at, o.action AS exit_action, o.is_goal, o.number, o.event
        FROM outside AS o FULL JOIN inside AS n ON n.instance = o.instance
    )
    SELECT instance, CASE WHEN by_path THEN ended_at ELSE acted_at END AS ended_at,
        CASE WHEN by_path THEN reason WHEN is_goal THEN '{EndReason.GOAL.value}' ELSE '{EndReason.EXITED.value}' END AS reason, by_path,
        CASE WHEN is_goal THEN 'goal' ELSE 'exit_rule' END AS rule_cause,
        CASE WHEN NOT is_goal THEN CAST(number + 1 AS VARCHAR) END AS rule, nullif(event, '') AS event,
        CASE WHEN by_path THEN path_action ELSE exit_action END AS action,
        CASE WHEN by_path THEN place ELSE -2 END AS place, token AS exiting
    FROM both_of
"""  # noqa: S608 - the words of an enumeration of ours
# ---- what was before ------------------------------------------------------------------------------------------------

_KEEP_LOG = """
    CREATE OR REPLACE TEMP TABLE w_kept AS
    SELECT l.* FROM w_log AS l LEFT JOIN w_cut AS c USING (instance)
    WHERE c.instance IS NULL OR l.cause = 'entry' OR row(l.moved_at, l.action, l.place) <= row(c.ended_at, c.action, c.place)
"""
# A token whose fork has branched out is open no more, but in its branches.
_OPEN_TOKENS = """
    CREATE OR REPLACE TEMP TABLE w_open_token AS
    WITH step AS (SELECT unnest(CAST(? AS INTEGER[])) AS place, unnest(CAST(? AS VARCHAR[])) AS id),
    stood AS (
        SELECT t.instance, t.token, s.id AS step FROM w_token AS t JOIN step AS s USING (place) WHERE NOT t.arrived
    ), moved AS (
        SELECT instance, token, to_step FROM w_kept
        QUALIFY row_number() OVER (PARTITION BY instance, token ORDER BY moved_at DESC, action DESC, place DESC, own DESC) = 1
    )
    SELECT c.instance, coalesce(m.token, s.token) AS token, CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END AS step
    FROM w_cut AS c
    JOIN (SELECT * FROM stood FULL JOIN moved USING (instance, token)) AS both_of ON both_of.instance = c.instance
    LEFT JOIN stood AS s ON s.instance = both_of.instance AND s.token = both_of.token
    LEFT JOIN moved AS m ON m.instance = both_of.instance AND m.token = both_of.token
    WHERE NOT (
            list_contains(CAST(? AS VARCHAR[]), CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END)
            AND EXISTS (SELECT 1 FROM w_kept AS k WHERE k.instance = c.instance AND k.from_step = m.to_step)
        )
        AND CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END IS NOT NULL
        AND NOT ends_with(CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END, ':joined')
"""
_LOG_ENDS = """
    INSERT INTO w_kept
    SELECT o.instance, o.token, o.step, NULL, c.ended_at, CASE WHEN c.by_path THEN 'exit' ELSE c.rule_cause END,
        CASE WHEN NOT c.by_path THEN c.rule END, CASE WHEN NOT c.by_path THEN c.event END, c.action,
        c.place + CASE WHEN c.by_path AND o.token = c.exiting THEN 0.1 ELSE 0.2 END,
        [{'rank': 0, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': p.place_in_order, 'who': ''}]
    FROM w_open_token AS o JOIN w_cut AS c USING (instance) JOIN w_path AS p USING (token)
"""
_KEEP = (
    """
    DELETE FROM w_sent USING w_cut AS c
    WHERE c.instance = w_sent.instance AND row(w_sent.scheduled_at, w_sent.action, w_sent.place) > row(c.ended_at, c.action, c.place)
    """,
    """
    DELETE FROM w_set USING w_cut AS c
    WHERE c.instance = w_set.instance AND row(w_set.set_at, w_set.action, w_set.place) > row(c.ended_at, c.action, c.place)
    """,
    """
    DELETE FROM w_synced USING w_cut AS c
    WHERE c.instance = w_synced.instance AND row(w_synced.synced_at, w_synced.action, w_synced.place) > row(c.ended_at, c.action, c.place)
    """,
    "DELETE FROM w_stay USING w_cut AS c WHERE c.instance = w_stay.instance",
)

# ---- goals ----------------------------------------------------------------------------------------------------------

_NO_GOAL = "CREATE OR REPLACE TEMP TABLE w_goal (instance BIGINT, reached_at TIMESTAMP, event VARCHAR)"
_GOAL = """
    CREATE OR REPLACE TEMP TABLE w_goal AS
    SELECT i.instance, e.ts AS reached_at, e.message_id AS event
    FROM w_goal_until AS i
    JOIN w_happened AS e ON e.user_key = i.user_key AND e.ts >= i.entered_at
    JOIN w_goal_rule AS g ON g.occurrence = e.occurrence
    WHERE (NOT g.matching OR list_contains(e.matched, i.key)) AND (i.fresh OR e.is_new) AND e.message_id IS DISTINCT FROM i.entry_event
        AND (i.until IS NULL OR e.ts <= i.until)
    QUALIFY row_number() OVER (PARTITION BY i.instance ORDER BY e.ts, e.message_id) = 1
"""
