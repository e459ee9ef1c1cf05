"""Ticks by hand, on the tables of a state: whoever is due moves on, with the log, the message and its line in a file. And many ticks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock


def move_positions(state: str, until: str, out: str) -> Clock:
    """Everybody at the step `wait` who is due by an instant is meant a letter and stands at the step `pause`, in one transaction.

    It leaves the rows that the product leaves, in the same tables: positions, transitions, candidates, decisions (nobody has an address),
    the outbox, the journey's clock and the run; then the file that tells of the decisions.
    """
    clock = Clock()
    with duckdb.connect(state, config={"threads": THREADS}) as connection, clock.question("tick"):
        for statement in _TICK:
            connection.execute(statement.format(until=f"TIMESTAMP '{until}'", out=out))
    return clock


_TICK = (
    "BEGIN",
    """
    CREATE TEMP TABLE due_now AS
    SELECT p.*, i.user_id, md5(i.instance_id || chr(31) || 'first' || chr(31) || '1' || chr(31) || i.user_id) AS candidate,
        p.due + INTERVAL 24 HOURS < {until} AS late, r.run
    FROM position AS p JOIN instance AS i USING (instance) CROSS JOIN (SELECT max(number) + 1 AS run FROM run) AS r
    WHERE p.step = 'wait' AND p.due <= {until}
    """,
    """
    CREATE TEMP TABLE decided_now AS
    SELECT candidate, user_id, due, run, CASE WHEN late THEN 'expired' ELSE 'no_address' END AS reason,
        CASE WHEN late THEN 'expires_after 24 hours' ELSE 'no address for email' END AS rule
    FROM due_now
    """,
    "DELETE FROM position WHERE instance IN (SELECT instance FROM due_now)",
    """
    INSERT INTO position
    SELECT instance, journey, version, token, 'pause', due, due, due, context, [], due + INTERVAL 30 DAYS, NULL
    FROM due_now ORDER BY instance
    """,
    """
    INSERT INTO transition
    SELECT instance, 2, '', 'wait', 'first', due, 'timeout', NULL, NULL, run FROM due_now
    UNION ALL SELECT instance, 3, '', 'first', 'pause', due, 'done', NULL, NULL, run FROM due_now ORDER BY 1, 2
    """,
    """
    INSERT INTO candidate
    SELECT candidate, 'journey', journey, version, instance, 'first', NULL, user_id, 'email', 'letter', due, due, 'UTC',
        '{{"category":"marketing","priority":0,"render":"message"}}', '{{"entry":' || context['entry'].value || '}}', NULL, run
    FROM due_now ORDER BY due, candidate
    """,
    """
    INSERT INTO message
    SELECT candidate, candidate, 'journey', 'trial', 'first', NULL, user_id, 'email', 'marketing', NULL, due, due, 'skipped', reason, rule,
        run
    FROM decided_now ORDER BY candidate
    """,
    """
    INSERT INTO outbox
    SELECT run, 'skipped', 'skipped', NULL, user_id, 'skipped', CAST(to_json({{
            'message_id': candidate, 'user_id': user_id, 'campaign': 'trial', 'step': 'first', 'reason': reason, 'rule': rule
        }}) AS VARCHAR)
    FROM decided_now ORDER BY user_id
    """,
    "DELETE FROM seen_event WHERE ts <= {until} - INTERVAL 72 HOURS",
    "UPDATE journey SET as_of = {until}",
    "INSERT INTO run SELECT * REPLACE (number + 1 AS number, {until} AS as_of) FROM run ORDER BY number DESC LIMIT 1",
    "COMMIT",
    "CHECKPOINT",
    """
    COPY (
        SELECT candidate AS message_id, user_id, 'trial' AS campaign, 'first' AS step, reason, rule FROM decided_now ORDER BY message_id
    ) TO '{out}/skipped.jsonl' (FORMAT json)
    """,
)


def tick_often(folder: str, begun: str, ticks: list[int], minutes: int) -> Clock:
    """The ticks from one number to another of a project in one process, so many minutes of its time apart."""
    from engage_cli.service.progress import SILENT
    from engage_cli.service.tick import tick_journeys

    clock = Clock()
    first = datetime.fromisoformat(begun).replace(tzinfo=UTC)
    with clock.question("ticks"):
        for number in range(ticks[0], ticks[1] + 1):
            tick_journeys(Path(folder), [], as_of=first + timedelta(minutes=minutes * number), progress=SILENT)
    return clock
