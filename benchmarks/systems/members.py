"""Changes of membership by hand: who was and who is in an audience, joined, merged into a table, and written as JSONL."""

from pathlib import Path

import duckdb

from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock


def change_members(database: str, out: str) -> Clock:
    """All users change: half of those in `users` of the database leave, and the others enter. The state is a table in a file of its own."""
    clock = Clock()
    state = Path(out) / "members.duckdb"
    state.unlink(missing_ok=True)
    with duckdb.connect(str(state), config={"threads": THREADS}) as connection:
        connection.execute(f"ATTACH '{database}' AS store (READ_ONLY)")
        connection.execute("CREATE TABLE member (user_id VARCHAR, entered_at TIMESTAMP)")
        connection.execute("INSERT INTO member SELECT user_id, TIMESTAMP '2026-11-23' FROM store.users WHERE user_key % 2 = 0")
        connection.execute("CREATE TEMP TABLE member_now AS SELECT user_id FROM store.users WHERE user_key % 2 = 1")
        with clock.question("change"):
            connection.execute(f"""
                CREATE TEMP TABLE change AS
                SELECT coalesce(now.user_id, was.user_id) AS user_id, was.user_id IS NULL AS entered
                FROM member_now AS now FULL JOIN member AS was USING (user_id)
                WHERE now.user_id IS NULL OR was.user_id IS NULL;
                MERGE INTO member USING change USING (user_id)
                WHEN MATCHED THEN DELETE
                WHEN NOT MATCHED THEN INSERT VALUES (change.user_id, TIMESTAMP '2026-11-23 01:00:00');
                CHECKPOINT;
                COPY (
                    SELECT 'track' AS type, CASE WHEN entered THEN 'Audience Entered' ELSE 'Audience Exited' END AS event,
                           user_id AS "userId", md5('half' || user_id) AS "messageId"
                    FROM change ORDER BY user_id
                ) TO '{out}/changes.jsonl' (FORMAT json);
                COPY (FROM member ORDER BY user_id) TO '{out}/members.parquet' (FORMAT parquet)""")
    for name in ("members.duckdb", "changes.jsonl", "members.parquet"):
        (Path(out) / name).unlink(missing_ok=True)
    return clock
