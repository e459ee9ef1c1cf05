"""What a tick found, over all its journeys: the temporary tables that are shown by a dry run, and applied to the state by a real one.

`r_entered`, `r_ended`
    instances that began and that came to an end; new ones under the numbers that they will have.
`r_moved`, `r_position`
    the instances whose positions are replaced, and where their tokens stand now.
`r_truth`
    for whom the condition holds by which a journey is entered, of the users that were looked at.
`r_transition`, `r_sent`, `r_set`, `r_synced`, `r_goal`
    what happened, in the columns of the state.
"""

from datetime import datetime

from engage_cli.engine.base import Engine
from engage_cli.state.instants import stored

TABLES = (
    """
    CREATE OR REPLACE TEMP TABLE r_entered (
        instance BIGINT, instance_id VARCHAR, journey VARCHAR, version INTEGER, user_id VARCHAR, key VARCHAR, entered_at TIMESTAMP,
        entry_event VARCHAR, entry_name VARCHAR, user_key INTEGER
    )
    """,
    "CREATE OR REPLACE TEMP TABLE r_ended (instance BIGINT, ended_at TIMESTAMP, reason VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE r_moved (instance BIGINT)",
    """
    CREATE OR REPLACE TEMP TABLE r_position (
        instance BIGINT, journey VARCHAR, version INTEGER, token VARCHAR, step VARCHAR, arrived_at TIMESTAMP, waiting_since TIMESTAMP,
        last_at TIMESTAMP, context MAP(VARCHAR, STRUCT("value" JSON, since TIMESTAMP)), used VARCHAR[], due TIMESTAMP, exit_due TIMESTAMP
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE r_transition (
        instance BIGINT, ordinal INTEGER, token VARCHAR, from_step VARCHAR, to_step VARCHAR, moved_at TIMESTAMP, cause VARCHAR,
            branch VARCHAR,
        event VARCHAR
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE r_sent (
        candidate_id VARCHAR, journey VARCHAR, version INTEGER, instance BIGINT, step VARCHAR, user_id VARCHAR, user_key INTEGER,
        scheduled_at TIMESTAMP, context VARCHAR, zone VARCHAR
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE r_set (
        journey VARCHAR, place INTEGER, instance BIGINT, instance_id VARCHAR, step VARCHAR, user_id VARCHAR, user_key INTEGER,
            trait VARCHAR,
        value JSON, set_at TIMESTAMP, entered_at TIMESTAMP
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE r_synced (
        instance BIGINT, journey VARCHAR, version INTEGER, step VARCHAR, user_id VARCHAR, added_at TIMESTAMP, remove_at TIMESTAMP,
            properties VARCHAR
    )
    """,
    "CREATE OR REPLACE TEMP TABLE r_truth (journey VARCHAR, user_id VARCHAR, holds BOOLEAN)",
    "CREATE OR REPLACE TEMP TABLE r_goal (instance BIGINT, journey VARCHAR, reached_at TIMESTAMP, event VARCHAR)",
)


def make_results(engine: Engine) -> None:
    """Make the tables, empty."""
    for table in TABLES:
        engine.execute(table)


def find_late_doings(engine: Engine, last: datetime) -> bool:
    """Make `w_did_before(user_key)`: with whom journeys that were ticked before this one did something at an instant that `last`, its own
    last tick, had passed: an event that they read came in late, or they are new. Whether there is anybody."""
    engine.execute(_DID_BEFORE, [stored(last)] * 4)
    return bool(engine.rows("SELECT 1 FROM w_did_before LIMIT 1"))


_DID_BEFORE = """
    CREATE OR REPLACE TEMP TABLE w_did_before AS
    WITH ended AS (
        SELECT instance FROM r_ended WHERE ended_at <= CAST(? AS TIMESTAMP)
    )
    SELECT user_key FROM r_entered WHERE entered_at <= CAST(? AS TIMESTAMP)
    UNION SELECT user_key FROM r_sent WHERE scheduled_at <= CAST(? AS TIMESTAMP)
    UNION SELECT user_key FROM r_set WHERE set_at <= CAST(? AS TIMESTAMP)
    UNION SELECT u.user_key FROM instance_now AS i SEMI JOIN ended USING (instance) JOIN instance_user AS u USING (user_id)
"""
