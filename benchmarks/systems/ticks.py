"""Ticks by hand, on the tables of a state: whoever is due moves on, with the log, the message and its line in a file. And many ticks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock


def move_positions(state: str, until: str, out: str) -> Clock:
    """Everybody at the step `wait` who is due by an instant is sent a letter and stands at the step `pause`, in one transaction."""
    clock = Clock()
    with duckdb.connect(state, config={"threads": THREADS}) as connection, clock.question("tick"):
        connection.execute(f"""
            BEGIN;
            CREATE TEMP TABLE due_now AS
                SELECT p.*, i.user_id,
                    md5(i.instance_id || chr(31) || 'first' || chr(31) || '1' || chr(31) || i.user_id) AS candidate
                FROM position AS p JOIN instance AS i USING (instance) WHERE p.step = 'wait' AND p.due <= TIMESTAMP '{until}';
            INSERT INTO transition
                SELECT instance, 2, '', 'wait', 'first', due, 'timeout', NULL, NULL, 2 FROM due_now
                UNION ALL SELECT instance, 3, '', 'first', 'pause', due, 'done', NULL, NULL, 2 FROM due_now ORDER BY 1, 2;
            CREATE TEMP TABLE message AS
                SELECT candidate AS message_id, user_id, 'letter' AS template, 'trial' AS campaign, due AS scheduled_at,
                    CAST(context AS VARCHAR) AS context
                FROM due_now;
            CREATE TABLE IF NOT EXISTS sent_by_hand AS FROM message LIMIT 0;
            INSERT INTO sent_by_hand FROM message ORDER BY user_id;
            DELETE FROM position WHERE instance IN (SELECT instance FROM due_now);
            INSERT INTO position
                SELECT instance, journey, version, token, 'pause', due, due, due, context, [],
                    due + INTERVAL 30 DAYS, NULL FROM due_now ORDER BY instance;
            COMMIT;
            CHECKPOINT;
            COPY (FROM message ORDER BY user_id) TO '{out}/messages.jsonl' (FORMAT json)""")
    return clock


def tick_often(folder: str, begun: str, ticks: int, minutes: int) -> Clock:
    """So many ticks of a project in one process, so many minutes of its time apart."""
    from engage_cli.service.progress import SILENT
    from engage_cli.service.tick import tick_journeys

    clock = Clock()
    first = datetime.fromisoformat(begun).replace(tzinfo=UTC)
    with clock.question("ticks"):
        for number in range(1, ticks + 1):
            tick_journeys(Path(folder), [], as_of=first + timedelta(minutes=minutes * number), progress=SILENT)
    return clock
