"""The candidates of a run's broadcasts, each with its `send_at` as far as that is known: `p_made` (messaging/policy/timing.py).

Quiet hours and throttle move them one broadcast after the other, and of one those who are tested before those who wait for the winner: what
they are given depends on the instants that are meant alone, whichever run comes to it.

`b_made`
    the candidates made so far, in the columns of `p_made`.
`b_rest`
    those of the broadcast at hand who wait for its winner.
"""

from datetime import timedelta

from engage_cli.broadcasts.planning import PlannedBroadcast
from engage_cli.definitions.project import QuietHours
from engage_cli.engine.base import Engine
from engage_cli.journeys.settings import settings_of
from engage_cli.messaging.policy.timing import Throttle, make_no_candidates, move_out_of_quiet
from engage_cli.plan.instants import seconds_of
from engage_cli.state.instants import read


def begin(engine: Engine) -> None:
    """Begin with no candidates at all."""
    make_no_candidates(engine)
    engine.execute("CREATE OR REPLACE TEMP TABLE b_made AS SELECT * FROM p_made")


def add_recipients(engine: Engine, plan: PlannedBroadcast, hours: QuietHours | None) -> None:
    """Make candidates of `b_recipient`: all but those who wait get their `send_at`; these stay in `b_rest`."""
    _make_messages(engine, plan)
    engine.execute(_REST, [plan.name])
    engine.execute(_TESTED, [plan.name])
    _time(engine, plan, hours)


def find_rest(engine: Engine, plan: PlannedBroadcast) -> None:
    """Make `b_rest` of those who wait since an earlier run."""
    engine.execute(_OPEN, [plan.name])
    engine.execute("INSERT INTO p_settled SELECT candidate_id FROM b_rest")


def add_rest(engine: Engine, plan: PlannedBroadcast, winner: str | None, hours: QuietHours | None) -> None:
    """Make candidates of `b_rest`: with the winner's message and a `send_at`, or as they are where there is none yet."""
    if winner is None:
        engine.execute("INSERT INTO b_made SELECT * FROM b_rest")
        return
    _make_messages(engine, plan)
    engine.execute(_SETTLED, [winner])
    _time(engine, plan, hours)


def finish(engine: Engine) -> None:
    """Make `p_made` of all broadcasts together, and let go of what it was made of."""
    for statement in _FINISH:
        engine.execute(statement)


def _time(engine: Engine, plan: PlannedBroadcast, hours: QuietHours | None) -> None:
    """Give the candidates of `p_made`, all of one broadcast, their `send_at`, and keep them."""
    move_out_of_quiet(engine, hours)
    throttle = plan.broadcast.throttle
    if throttle is not None:
        given = {read(at): int(count) for at, count in engine.rows(_GIVEN, [plan.name, plan.name])}
        Throttle(engine, plan.name, throttle.at_most, timedelta(seconds=seconds_of(throttle.per)), hours, given).run()
    if engine.rows("SELECT 1 FROM b_made LIMIT 1"):
        engine.execute("INSERT INTO b_made SELECT * FROM p_made")
        return
    for statement in _TAKE_OVER:  # of all broadcasts but one there is often nothing: a million rows are not copied for that
        engine.execute(statement)


def _make_messages(engine: Engine, plan: PlannedBroadcast) -> None:
    """Make `b_message(variant, template, settings)`: what is sent to each variant; the one without a name to who is in none."""
    sends = [(None, plan.broadcast.message(None)), *((one.name, plan.broadcast.message(one.name)) for one in plan.broadcast.variants)]
    rows = [(name, plan.broadcast.channel, send.template, settings_of(send)) for name, send in sends]
    engine.execute(_MESSAGES, [[row[number] for row in rows] for number in range(4)])


_MESSAGES = """
    CREATE OR REPLACE TEMP TABLE b_message AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS variant, unnest(CAST(? AS VARCHAR[])) AS channel, unnest(CAST(? AS VARCHAR[])) AS template,
        unnest(CAST(? AS VARCHAR[])) AS settings
"""
_CANDIDATES = """
    SELECT r.candidate_id, 'broadcast' AS kind, b.name AS campaign, CAST(NULL AS INTEGER) AS version, CAST(NULL AS BIGINT) AS instance,
        CAST(NULL AS VARCHAR) AS step, r.variant, r.user_id, m.channel, m.template, r.scheduled_at, CAST(NULL AS TIMESTAMP) AS send_at,
        r.zone, m.settings, '{}' AS context, r.withheld
    FROM b_recipient AS r JOIN b_message AS m ON m.variant IS NOT DISTINCT FROM r.variant
    CROSS JOIN (SELECT CAST(? AS VARCHAR) AS name) AS b
"""
_TESTED = f"CREATE OR REPLACE TEMP TABLE p_made AS {_CANDIDATES} WHERE NOT r.waits"
_REST = f"CREATE OR REPLACE TEMP TABLE b_rest AS {_CANDIDATES} WHERE r.waits"
_OPEN = """
    CREATE OR REPLACE TEMP TABLE b_rest AS
    SELECT candidate_id, campaign_kind AS kind, campaign, version, instance, step, variant, user_id, channel, template, scheduled_at,
        send_at, zone, settings, context, withheld
    FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
    WHERE campaign_kind = 'broadcast' AND campaign = ? AND send_at IS NULL
"""
_SETTLED = """
    CREATE OR REPLACE TEMP TABLE p_made AS
    SELECT r.* REPLACE (m.variant AS variant, m.template AS template, m.settings AS settings)
    FROM b_rest AS r CROSS JOIN (SELECT * FROM b_message WHERE variant = ?) AS m
"""
_TAKE_OVER = ("DROP TABLE b_made", "ALTER TABLE p_made RENAME TO b_made")
_FINISH = (
    "DROP TABLE IF EXISTS temp.main.p_made",
    "ALTER TABLE b_made RENAME TO p_made",
    *(f"DROP TABLE IF EXISTS temp.main.{name}" for name in ("b_rest", "b_recipient", "b_zoned", "b_read", "b_holds", "b_subject")),
)
# The instants that messages of a broadcast have: of earlier runs, and of this one so far. Who is excluded takes no room.
_GIVEN = """
    SELECT send_at, count(*) FROM (
        SELECT send_at, withheld FROM state.main.candidate WHERE campaign_kind = 'broadcast' AND campaign = ?
        UNION ALL SELECT send_at, withheld FROM b_made WHERE campaign = ?
    ) WHERE send_at IS NOT NULL AND withheld IS DISTINCT FROM 'excluded' GROUP BY send_at ORDER BY send_at
"""
