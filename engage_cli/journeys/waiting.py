"""Delays and holds: at which instant, and by which way, the tokens that wait leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from engage_cli.definitions.journey_graph import ON
from engage_cli.definitions.journey_steps import TIMEOUT, Delay, Hold
from engage_cli.journeys.happening import Awaited, make_tied
from engage_cli.journeys.leaving import make_leaving
from engage_cli.journeys.sight import Turn
from engage_cli.journeys.work import ACTION
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column

if TYPE_CHECKING:
    from engage_cli.definitions.journey_graph import Place
    from engage_cli.journeys.walk import Walk


def leave_delay(walk: Walk, delay: Delay) -> None:
    """Those whose delay is over by the end of the walk leave; one of nothing is over at once."""
    make_leaving(walk, delay.id, delay.wait)
    walk.engine.execute(_DELAYED, [ON, walk.limit])
    walk.engine.execute(_DELAYING, [walk.limit])


def leave_hold(walk: Walk, hold: Hold, place: Place) -> None:
    """Restarts are logged; those that a branch takes, or whose time is over, leave."""
    engine = walk.engine
    tied = [one for one in walk.awaited if one.place == hold.id and one.tied]
    if tied and any(branch.restart for branch in hold.branches):
        _take_turns(walk, hold, place, tied)
    else:
        if tied:
            engine.execute(_HOLDERS)
        make_tied(engine, tied, walk.asker.catalog, walk.zone)
        _make_acts(walk, hold, place)
        engine.execute(_CHAIN)
    if any(branch.when is not None for branch in hold.branches):
        _add_whens(walk, hold)
    engine.execute(_DEADLINES)
    engine.execute(_DECIDED)
    engine.execute(_KEPT)
    engine.execute(_LAST_RESTART)
    engine.execute(_RESTARTED, [place.id, place.id, place.index])
    engine.execute(_HELD, [walk.limit, TIMEOUT, walk.limit])
    engine.execute(_HOLDING)


def _take_turns(walk: Walk, hold: Hold, place: Place, tied: Sequence[Awaited]) -> None:
    """`w_act` and `w_chain` where a restart changes what the branches compare with: one restart of each token after the other.

    What an event does hinges on the context as the restarts before it left it: so all are asked again after each turn.
    """
    engine = walk.engine
    engine.execute(_NO_CHAIN)
    engine.execute(_FIRST_TURN)
    while True:
        engine.execute(_HOLDERS_NOW)
        make_tied(engine, tied, walk.asker.catalog, walk.zone)
        _make_acts(walk, hold, place)
        engine.execute(_LEAVE_OUT_PASSED)
        engine.execute(_NEXT_RESTARTS)
        if not engine.rows("SELECT 1 FROM w_next LIMIT 1"):
            return
        engine.execute("INSERT INTO w_chain BY NAME SELECT * EXCLUDE (user_key, context) FROM w_next")
        engine.execute(_NEXT_TURN)


def _make_acts(walk: Walk, hold: Hold, place: Place) -> None:
    """`w_act`: the events that take or restart tokens of `w_here`, each by the first branch that it meets, and `expires`, when the wait
    that begins with it is over; `w_hold` the same of the wait under way. Where nothing restarts a wait, `w_act` has its first event alone.
    """
    engine = walk.engine
    asked = [place.id, hold.since_entry, hold.since_entry]
    if any(branch.restart for branch in hold.branches):
        engine.execute(_ACTS, asked)
    else:
        engine.execute(_FIRST_ACTS, [*asked, place.id])
    duration = hold.duration

    def expiring(table: str, instant: str) -> exp.Select:
        value = exp.cast(exp.null(), "TIMESTAMP") if duration is None else after_duration(column(instant, "h"), duration, walk.zone)
        star = exp.Column(this=exp.Star(), table=exp.to_identifier("h"))
        return exp.select(star, exp.alias_(value, "expires")).from_(exp.alias_(exp.to_table(table), "h", table=True))

    for made, source, instant in (("w_act", "w_acted", "acted_at"), ("w_hold", "w_here", "waiting_since")):
        engine.execute(_DROP[made])
        engine.create(made, expiring(source, instant))


def _add_whens(walk: Walk, hold: Hold) -> None:
    """Add to `w_act` the first instants at which conditions of branches are true."""
    for number, branch in enumerate(hold.branches):
        if branch.when is not None:
            walk.engine.execute(_WAITERS)
            walk.asker.first_true(f"{hold.id}.{branch.name}", Turn.WAIT, number)
            walk.engine.execute(_WHEN_ACTS, [number, branch.name])


_DROP = {name: f"DROP TABLE IF EXISTS temp.main.{name}" for name in ("w_act", "w_hold")}
_DELAYED = """
    CREATE OR REPLACE TEMP TABLE w_left AS
    SELECT instance, token, greatest(leaving_at, arrived_at) AS moved_at, CAST(? AS VARCHAR) AS outcome, 'delay' AS cause,
        CAST(NULL AS VARCHAR) AS branch, CAST(NULL AS VARCHAR) AS event, context,
        CASE WHEN leaving_at > arrived_at THEN CAST([] AS VARCHAR[]) ELSE used END AS used,
        CASE WHEN leaving_at > arrived_at THEN own ELSE action END AS action,
            CASE WHEN leaving_at > arrived_at THEN own ELSE action END AS own
    FROM (
        SELECT *,
            [{'rank': 3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': place_in_order, 'who': who}] AS own FROM w_leaving
    ) WHERE leaving_at <= ?
"""
_DELAYING = """
    INSERT INTO w_stay
    SELECT instance, token, place, arrived_at, arrived_at, last_at, context, used, leaving_at FROM w_leaving WHERE leaving_at > ?
"""
_MET = """
    FROM w_here AS h
    JOIN w_happened AS e ON e.user_key = h.user_key
    JOIN w_branch AS b ON b.step = ? AND b.occurrence = e.occurrence
    WHERE (NOT b.matching OR list_contains(e.matched, h.key)) AND (
            NOT b.tied OR EXISTS (
                SELECT 1 FROM w_tied AS t
                WHERE t.occurrence = e.occurrence AND t.instance = h.instance AND t.token = h.token AND t.message_id = e.message_id
                    AND {acted_at} >= t.from_at AND {acted_at} < t.until_at
            )
        ) AND (h.arrived OR e.is_new) AND NOT list_contains(h.used, e.message_id)
        AND (e.ts >= h.arrived_at OR (CAST(? AS BOOLEAN) AND e.ts >= h.entered_at))
        AND (NOT CAST(? AS BOOLEAN) OR e.ts >= h.arrived_at OR e.message_id IS DISTINCT FROM h.entry_event)
"""
_ACTED_AT = "greatest(e.ts, CASE WHEN h.arrived THEN h.last_at ELSE h.instance_last_at END)"


def _of_acts(statement: str) -> str:
    return statement.replace("{met}", _MET.strip()).replace("{acted_at}", _ACTED_AT).replace("{action}", ACTION)


_ACTS = _of_acts("""
    CREATE OR REPLACE TEMP TABLE w_acted AS
    SELECT h.instance, h.token, e.ts, e.message_id, e.event, e.properties, b.number, b.branch, b.restart, {acted_at} AS acted_at,
        CAST(NULL AS {action}) AS after
    {met}
    QUALIFY row_number() OVER (PARTITION BY h.instance, h.token, e.message_id ORDER BY b.number) = 1
""")
# Somebody who waits may have thousands of events behind them: of all but the first, only the instant and the id are looked at. At one
# instant they come in the order in which `w_decided` puts them.
_FIRST_ACTS = _of_acts("""
    CREATE OR REPLACE TEMP TABLE w_acted AS
    WITH first AS (
        SELECT h.instance, h.token, h.user_key,
            min({'acted_at': {acted_at}, 'number': b.number, 'ts': e.ts, 'message_id': e.message_id}) AS act
        {met}
        GROUP BY h.instance, h.token, h.user_key
    )
    SELECT f.instance, f.token, e.ts, e.message_id, e.event, e.properties, b.number, b.branch, b.restart, f.act.acted_at AS acted_at,
        CAST(NULL AS {action}) AS after
    FROM first AS f
    JOIN w_happened AS e ON e.user_key = f.user_key AND e.message_id = f.act.message_id
    JOIN w_branch AS b ON b.step = ? AND b.occurrence = e.occurrence AND b.number = f.act.number
""")
_HOLDERS = """
    CREATE OR REPLACE TEMP TABLE w_holder AS
    SELECT instance, token, user_key, CAST(to_json(map_from_entries(
            list_transform(map_entries(context), lambda e: {'k': e.key, 'v': e.value.value})
        )) AS VARCHAR) AS context, TIMESTAMP '0001-01-01' AS from_at, TIMESTAMP '9999-12-31' AS until_at
    FROM w_here
"""
_FIRST_TURN = """
    CREATE OR REPLACE TEMP TABLE w_turn AS
    SELECT instance, token, user_key, context, CAST(NULL AS TIMESTAMP) AS from_at, CAST([] AS VARCHAR[]) AS used, last_at, action,
        CAST(NULL AS TIMESTAMP) AS expires, 0 AS turn
    FROM w_here
"""
_HOLDERS_NOW = """
    CREATE OR REPLACE TEMP TABLE w_holder AS
    SELECT instance, token, user_key, CAST(to_json(map_from_entries(
            list_transform(map_entries(context), lambda e: {'k': e.key, 'v': e.value.value})
        )) AS VARCHAR) AS context, TIMESTAMP '0001-01-01' AS from_at, TIMESTAMP '9999-12-31' AS until_at
    FROM w_turn
"""
_LEAVE_OUT_PASSED = """
    DELETE FROM w_act WHERE EXISTS (
        SELECT 1 FROM w_turn AS t WHERE t.instance = w_act.instance AND t.token = w_act.token
            AND (w_act.acted_at < t.from_at OR list_contains(t.used, w_act.message_id))
    )
"""
# At one instant a restart comes before a branch.
_NEXT_RESTARTS = """
    CREATE OR REPLACE TEMP TABLE w_next AS
    WITH own AS (
        SELECT a.*, t.user_key, t.context AS before, t.from_at, t.used, t.last_at, t.action AS action_before, t.turn + 1 AS turn,
            h.entry_name, [{'rank': 1, 'branch': 0, 'ts': a.ts, 'event': a.message_id, 'token': h.place_in_order, 'who': h.who}] AS own,
        FROM w_act AS a JOIN w_hold AS h USING (instance, token) JOIN w_turn AS t USING (instance, token)
        WHERE a.restart AND (a.acted_at <= CASE WHEN t.turn = 0 THEN h.expires ELSE t.expires END) IS NOT FALSE
            AND NOT EXISTS (
                SELECT 1 FROM w_act AS b
                WHERE b.instance = a.instance AND b.token = a.token AND NOT b.restart AND b.acted_at < a.acted_at
            )
        QUALIFY row_number() OVER (PARTITION BY a.instance, a.token ORDER BY a.acted_at, a.ts, a.message_id) = 1
    )
    SELECT instance, token, user_key, ts, message_id, branch, acted_at, expires, turn, own,
        CASE WHEN acted_at = from_at THEN used ELSE [] END || [message_id] AS used_then,
        map_from_entries(list_distinct([
            {'k': branch, 'v': {'value': CAST(properties AS JSON), 'since': acted_at}},
            {'k': CASE WHEN event = entry_name THEN 'entry' ELSE branch END, 'v': {'value': CAST(properties AS JSON), 'since': acted_at}}
        ])) AS patch, map_concat(before, patch) AS context,
        CASE WHEN acted_at > last_at THEN own ELSE behind(action_before, own) END AS action
    FROM own
"""
_NEXT_TURN = """
    CREATE OR REPLACE TEMP TABLE w_turn AS
    SELECT instance, token, user_key, n.context, n.acted_at AS from_at, n.used_then AS used, n.acted_at AS last_at, n.action,
        n.expires, n.turn
    FROM w_next AS n
    UNION ALL
    SELECT t.* FROM w_turn AS t ANTI JOIN w_next AS n USING (instance, token)
"""
# The restarts that follow each other before the wait is over: from the first gap that is too long on, there are none.
_CHAIN = """
    CREATE OR REPLACE TEMP TABLE w_chain AS
    WITH patched AS (
        SELECT a.*, h.expires AS first_expires, h.last_at, h.action,
            [{'rank': 1, 'branch': 0, 'ts': a.ts, 'event': a.message_id, 'token': h.place_in_order, 'who': h.who}] AS own,
            CASE WHEN a.event = h.entry_name
                THEN map_from_entries(list_distinct([
                    {'k': a.branch, 'v': {'value': CAST(a.properties AS JSON), 'since': a.acted_at}},
                    {'k': 'entry', 'v': {'value': CAST(a.properties AS JSON), 'since': a.acted_at}}
                ]))
                ELSE map_from_entries([{'k': a.branch, 'v': {'value': CAST(a.properties AS JSON), 'since': a.acted_at}}])
            END AS patch
        FROM w_act AS a JOIN w_hold AS h USING (instance, token)
        WHERE a.restart
    ), spaced AS (
        SELECT *, acted_at > coalesce(lag(expires) OVER in_order, first_expires) AS too_late FROM patched
        WINDOW in_order AS (PARTITION BY instance, token ORDER BY acted_at, ts, message_id)
    ), followed AS (
        SELECT *, bool_or(coalesce(too_late, FALSE)) OVER so_far AS over, count(*) OVER so_far AS turn,
            list(message_id) OVER same_instant AS used_then
        FROM spaced
        WINDOW so_far AS (PARTITION BY instance, token ORDER BY acted_at, ts, message_id ROWS UNBOUNDED PRECEDING),
            same_instant AS (PARTITION BY instance, token, acted_at ORDER BY ts, message_id ROWS UNBOUNDED PRECEDING)
    )
    SELECT instance, token, ts, message_id, branch, acted_at, expires, turn, own, used_then, patch,
        CASE WHEN acted_at > last_at THEN own ELSE behind(action, own) END AS action
    FROM followed WHERE NOT over
"""
_NO_CHAIN = """
    CREATE OR REPLACE TEMP TABLE w_chain AS
    SELECT h.instance, h.token, h.last_at AS ts, CAST(NULL AS VARCHAR) AS message_id, CAST(NULL AS VARCHAR) AS branch,
        h.last_at AS acted_at, h.last_at AS expires, 0 AS turn, h.action AS own, CAST([] AS VARCHAR[]) AS used_then, h.context AS patch,
        h.action
    FROM w_here AS h WHERE FALSE
"""
_WAITERS = """
    CREATE OR REPLACE TEMP TABLE w_waiter AS
    SELECT h.instance, h.token, h.user_key, h.key, h.entered_at, h.context, h.arrived, h.arrived_at, h.instance_last_at, h.last_at
    FROM w_hold AS h
"""
_WHEN_ACTS = """
    INSERT INTO w_act
    SELECT f.instance, f.token, f.true_at, '', NULL, NULL, CAST(? AS INTEGER), CAST(? AS VARCHAR), FALSE, f.true_at, f.after, NULL
    FROM w_first AS f
"""
_DEADLINES = """
    CREATE OR REPLACE TEMP TABLE w_deadline AS
    SELECT h.instance, h.token, coalesce(max(c.expires), h.expires) AS deadline
    FROM w_hold AS h LEFT JOIN w_chain AS c USING (instance, token) GROUP BY h.instance, h.token, h.expires
"""
# At one instant what is possible comes behind that which made it so: what made a condition true, or else the last restart or the arrival
# there. A condition that something else makes true at the very end of the wait comes too late where the timer has its turn before that.
_DECIDED = """
    CREATE OR REPLACE TEMP TABLE w_decided AS
    WITH possible AS (
        SELECT a.*, d.deadline,
            behind(
                coalesce(a.after, c.action, CASE WHEN a.acted_at = h.last_at THEN h.action END, []),
                [{'rank': 2, 'branch': a.number, 'ts': a.ts, 'event': a.message_id, 'token': h.place_in_order, 'who': h.who}]
            ) AS turn_of_branch,
            behind(
                coalesce(CASE WHEN d.deadline = h.last_at THEN h.action END, []),
                [{'rank': 3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': h.place_in_order, 'who': h.who}]
            ) AS turn_of_timer
        FROM w_act AS a JOIN w_deadline AS d USING (instance, token) JOIN w_hold AS h USING (instance, token)
        LEFT JOIN (
            SELECT instance, token, acted_at, arg_max(action, turn) AS action FROM w_chain GROUP BY instance, token, acted_at
        ) AS c ON c.instance = a.instance AND c.token = a.token AND c.acted_at = a.acted_at
        WHERE NOT a.restart
    )
    SELECT * EXCLUDE (deadline, turn_of_branch, turn_of_timer) FROM possible
    WHERE deadline IS NULL OR row(acted_at, turn_of_branch) <= row(deadline, turn_of_timer)
    QUALIFY row_number() OVER (PARTITION BY instance, token ORDER BY acted_at, turn_of_branch) = 1
"""
_KEPT = """
    CREATE OR REPLACE TEMP TABLE w_restart AS
    SELECT c.* FROM w_chain AS c LEFT JOIN w_decided AS d USING (instance, token)
    WHERE d.instance IS NULL OR c.acted_at <= d.acted_at
"""
# The last one of each wait, with the context as all before it left it.
_LAST_RESTART = """
    CREATE OR REPLACE TEMP TABLE w_last_restart AS
    WITH last AS (
        SELECT instance, token, max(turn) AS turn, list(patch ORDER BY turn) AS patches FROM w_restart GROUP BY instance, token
    )
    SELECT r.* EXCLUDE (patch), list_reduce(list_prepend(h.context, l.patches), lambda known, patch: map_concat(known, patch)) AS context
    FROM last AS l JOIN w_restart AS r USING (instance, token, turn) JOIN w_here AS h USING (instance, token)
"""
_RESTARTED = """
    INSERT INTO w_log
    SELECT instance, token, CAST(? AS VARCHAR), CAST(? AS VARCHAR), acted_at, 'restart', branch, message_id,
        action, CAST(? AS DOUBLE), own
    FROM w_restart
"""
_HELD = """
    CREATE OR REPLACE TEMP TABLE w_left AS
    WITH waited AS (
        SELECT h.instance, h.token, h.action, h.place_in_order, h.who, h.used AS used_before, h.last_at AS last_before,
            coalesce(r.acted_at, h.last_at) AS last_at, coalesce(r.context, h.context) AS context,
            CASE WHEN r.acted_at > h.last_at THEN r.used_then ELSE list_concat(h.used, coalesce(r.used_then,
                CAST([] AS VARCHAR[]))) END AS used,
            coalesce(r.action, h.action) AS action_so_far,
            d.acted_at AS decided_at, d.ts, d.message_id, d.branch, d.number, d.properties, d.after, l.deadline
        FROM w_here AS h
        JOIN w_deadline AS l USING (instance, token)
        LEFT JOIN w_last_restart AS r USING (instance, token)
        LEFT JOIN w_decided AS d USING (instance, token)
    ), acting AS (
        SELECT *, coalesce(decided_at, deadline) AS moved_at,
            CASE
                WHEN decided_at IS NULL
                    THEN [{'rank': 3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': place_in_order, 'who': who}]
                ELSE [{'rank': 2, 'branch': number, 'ts': ts, 'event': message_id, 'token': place_in_order, 'who': who}]
            END AS own
        FROM waited WHERE coalesce(decided_at, deadline) <= ?
    )
    SELECT instance, token, moved_at, coalesce(branch, CAST(? AS VARCHAR)) AS outcome,
        CASE WHEN decided_at IS NULL THEN 'timeout' ELSE 'branch' END AS cause, branch, nullif(message_id, '') AS event,
        CASE
            WHEN nullif(message_id, '') IS NULL THEN context
            ELSE map_concat(context, map_from_entries([{'k': branch, 'v': {'value': CAST(properties AS JSON), 'since': decided_at}}]))
        END AS context,
        CASE WHEN moved_at > last_at THEN [] ELSE used END || CASE WHEN coalesce(message_id, '') = '' THEN [] ELSE [message_id] END AS used,
        CASE WHEN after IS NULL AND moved_at > last_at THEN own ELSE behind(coalesce(after, action_so_far), own) END AS action,
        own
    FROM acting WHERE moved_at <= ?
"""
_HOLDING = """
    INSERT INTO w_stay
    SELECT h.instance, h.token, h.place, h.arrived_at, coalesce(r.acted_at, h.waiting_since), coalesce(r.acted_at, h.last_at),
        coalesce(r.context, h.context),
        CASE
            WHEN r.instance IS NULL THEN h.used
            WHEN r.acted_at > h.last_at THEN r.used_then
            ELSE list_concat(h.used, r.used_then)
        END,
        l.deadline
    FROM w_here AS h JOIN w_deadline AS l USING (instance, token)
    LEFT JOIN w_last_restart AS r USING (instance, token)
    WHERE NOT EXISTS (SELECT 1 FROM w_left AS g WHERE g.instance = h.instance AND g.token = h.token)
"""
