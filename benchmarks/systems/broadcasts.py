"""Who a broadcast is sent to, by hand: the very tables that it has to leave behind, without rendering a message or writing its file."""

from pathlib import Path

import duckdb

from benchmarks.answers import Answer, answer_sql
from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock

ADDRESSED = """(SELECT 'u' || regexp_extract("to", '[0-9]+') AS user_id FROM {sent})"""
"""Addresses by the number in them, as an Answer has users."""
_TABLES = """
    CREATE TABLE IF NOT EXISTS message (
        campaign VARCHAR, message_id VARCHAR, user_id VARCHAR, "to" VARCHAR, send_at TIMESTAMP, reason VARCHAR
    )
"""
_JUDGED = """
    CREATE TEMP TABLE judged AS
    WITH person AS (
        SELECT p.*, md5('{campaign}' || user_id) AS message_id,
            regexp_full_match(email, '[a-z0-9.]+@[a-z0-9-]+(\\.[a-z0-9-]+)+') AS valid,
            user_id IN (
                SELECT user_id FROM '{folder}/events.parquet'
                WHERE event = 'Order Completed' AND timestamp > TIMESTAMP '{as_of}' - INTERVAL 72 HOUR AND timestamp <= TIMESTAMP '{as_of}'
            ) AS ordered,
            c.status
        FROM '{folder}/profiles.parquet' AS p
        LEFT JOIN (FROM '{folder}/consents.parquet' WHERE channel = 'email' AND "group" = 'promotions') AS c USING (user_id)
    ), capped AS (
        SELECT user_id FROM message WHERE reason IS NULL AND send_at > TIMESTAMP '{as_of}' - INTERVAL 48 HOUR
        GROUP BY user_id HAVING count(*) >= 2
    ), decided AS (
        SELECT *, CASE WHEN ordered THEN 'excluded' WHEN valid IS NOT TRUE THEN 'no_address' WHEN status IS DISTINCT FROM 'subscribed'
                THEN 'no_consent' END AS reason
        FROM person
    )
    SELECT message_id, user_id, email AS "to", CASE WHEN reason IS NOT NULL THEN reason
            WHEN row_number() OVER (PARTITION BY email, reason IS NULL ORDER BY user_id) > 1 THEN 'shared_address'
            WHEN user_id IN (FROM capped) THEN 'capped' END AS reason
    FROM decided
"""
_SENT = "(FROM judged WHERE reason IS NULL)"
_WRITTEN = """
    INSERT INTO message SELECT '{campaign}', message_id, user_id, "to", TIMESTAMP '{as_of}', reason FROM judged;
    CHECKPOINT;
    COPY (SELECT message_id, user_id, '{campaign}' AS campaign, reason FROM judged WHERE reason IS NOT NULL ORDER BY message_id)
        TO '{folder}/skipped-by-hand.jsonl' (FORMAT json)
"""


def choose_recipients(folder: str, database: str, campaign: str, as_of: str) -> Clock:
    """Decide about everybody, keep it beside what was decided before, and tell who gets nothing."""
    clock = Clock()
    given = {"folder": folder, "campaign": campaign, "as_of": as_of}
    config = {"threads": THREADS, "memory_limit": "1GB", "temp_directory": str(Path(folder) / "tmp")}
    with duckdb.connect(database, config=config) as connection:
        connection.execute(_TABLES)
        with clock.question("decide"):
            connection.execute(_JUDGED.format(**given))
            connection.execute(_WRITTEN.format(**given))
        with clock.check():
            clock.answers["sent"] = Answer(*connection.execute(answer_sql(ADDRESSED.format(sent=_SENT))).fetchall()[0])
    return clock
