"""Bare ingestion by hand: the event store's layout in one DuckDB file, and Parquet sorted by event and time.

No check of any row, no rejects and no duplicates: what the bytes cost to move, and nothing else.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock


def make_store(files: str, database: str, properties: Sequence[str], *, check_ids: bool = False, memory: str = "4GB") -> Clock:
    """Make the store's layout anew from Parquet files (a glob): events by (event_key, ts), and the two dictionaries.

    `check_ids`: also look for message ids that occur twice. ValueError if any does, for then the layout is not what it should be.
    """
    Path(database).unlink(missing_ok=True)
    clock = Clock()
    with clock.question("ingest"), duckdb.connect(database, config=_settings(database, memory)) as connection:
        source = f"read_parquet('{files}')"
        connection.execute(f"""
            CREATE TABLE users AS
            SELECT CAST(row_number() OVER (ORDER BY user_id) AS INTEGER) AS user_key, user_id FROM (SELECT DISTINCT user_id FROM {source});
            CREATE TABLE event_names AS
            SELECT CAST(row_number() OVER (ORDER BY event) AS INTEGER) AS event_key, event FROM (SELECT DISTINCT event FROM {source});
            CREATE TABLE events AS
            SELECT user_key, event_key, timestamp AS ts, message_id{"".join(f", {key}" for key in properties)}
            FROM {source} JOIN users USING (user_id) JOIN event_names USING (event)
            ORDER BY event_key, ts""")
        if check_ids and connection.execute("SELECT message_id FROM events GROUP BY message_id HAVING count(*) > 1 LIMIT 1").fetchall():
            raise ValueError(f"a message id occurs twice in {files}")
    return clock


def sort_parquet(files: str, path: str, memory: str = "4GB") -> Clock:
    """Write the events of Parquet files (a glob) to one file, sorted by event and time."""
    clock = Clock()
    with clock.question("sort"), duckdb.connect(config=_settings(path, memory)) as connection:
        connection.execute(f"COPY (FROM read_parquet('{files}') ORDER BY event, timestamp) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return clock


def _settings(near: str, memory: str) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "threads": THREADS,
        "memory_limit": memory,
        "temp_directory": str(Path(near).with_suffix(".tmp")),
        "preserve_insertion_order": False,
    }
