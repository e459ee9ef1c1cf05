"""What commands do to a journey: pause, resume, archive it, and take people out. Each is one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from engage_cli.crash import crash_point
from engage_cli.definitions.journey import EndReason, JourneyStatus
from engage_cli.engine.base import Engine
from engage_cli.state.instants import stored
from engage_cli.state.runs import Run, record_run
from engage_cli.state.store import State, next_revision

MICROSECOND = timedelta(microseconds=1)


def set_status(state: State, journey: str, status: JourneyStatus, at: datetime) -> None:
    """Say that a journey is paused, archived, or (`live`) as its file says, from an instant on. Nobody enters while it is not."""
    engine = state.engine
    crash_point("commit")
    with engine.transaction():
        engine.execute("INSERT INTO state.main.journey_hand VALUES (?, ?, ?)", [journey, status.value, stored(at)])
        if status is JourneyStatus.LIVE:
            engine.execute(_END_PAUSE, [stored(at), journey])
            engine.execute("DELETE FROM state.main.journey_pause WHERE journey = ? AND until_at <= from_at", [journey])
        else:
            engine.execute(_BEGIN_PAUSE, [journey, stored(at), journey])
        next_revision(engine)
        crash_point("before the commit")
    crash_point("committed")


def stop_instances(state: State, run: Run, instances: Sequence[int]) -> None:
    """End open instances at the run's instant. What they made and is not decided yet is decided by that end."""
    engine, at = state.engine, stored(run.as_of)
    stopped = EndReason.STOPPED.value
    crash_point("commit")
    with engine.transaction():
        record_run(engine, run)
        engine.execute(_LOG_STOP, [at, stopped, run.number, list(instances)])
        engine.execute(_STOP, [at, stopped, run.number, list(instances)])
        engine.execute("DELETE FROM state.main.position WHERE list_contains(CAST(? AS BIGINT[]), instance)", [list(instances)])
        next_revision(engine)
        crash_point("before the commit")
    crash_point("committed")


def record_pauses(engine: Engine, closed: Sequence[tuple[str, datetime]], until: datetime) -> None:
    """Keep, inside a tick's transaction, that nobody entered some journeys, from an instant of each on up to the tick's own.

    A stretch that follows on the one before makes that longer.
    """
    for journey, since in closed:
        before, ended = [journey, stored(since)], stored(until + MICROSECOND)
        if since > until:
            continue
        if engine.rows("SELECT 1 FROM state.main.journey_pause WHERE journey = ? AND until_at = ?", before):
            engine.execute("UPDATE state.main.journey_pause SET until_at = ? WHERE journey = ? AND until_at = ?", [ended, *before])
        else:
            engine.execute("INSERT INTO state.main.journey_pause VALUES (?, ?, ?)", [*before, ended])


_BEGIN_PAUSE = """
    INSERT INTO state.main.journey_pause SELECT CAST(? AS VARCHAR), CAST(? AS TIMESTAMP), NULL
    WHERE NOT EXISTS (SELECT 1 FROM state.main.journey_pause WHERE journey = ? AND until_at IS NULL)
"""
_END_PAUSE = "UPDATE state.main.journey_pause SET until_at = ? WHERE journey = ? AND until_at IS NULL"
_LOG_STOP = """
    INSERT INTO state.main.transition
    SELECT p.instance, CAST(t.before + row_number() OVER (PARTITION BY p.instance ORDER BY p.token) AS INTEGER), p.token, p.step, NULL,
        CAST(? AS TIMESTAMP), CAST(? AS VARCHAR), NULL, NULL, CAST(? AS INTEGER)
    FROM state.main.position AS p
    JOIN (SELECT instance, max(ordinal) AS before FROM state.main.transition GROUP BY instance) AS t USING (instance)
    WHERE list_contains(CAST(? AS BIGINT[]), p.instance) AND NOT ends_with(p.step, ':joined')
    ORDER BY p.instance, p.token
"""
_STOP = """
    UPDATE state.main.instance SET ended_at = ?, end_reason = ?, ended_run = ?
    WHERE list_contains(CAST(? AS BIGINT[]), instance) AND ended_at IS NULL
"""
