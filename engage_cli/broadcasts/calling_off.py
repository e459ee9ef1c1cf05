"""What a cancelled broadcast makes of who still waits: each is skipped, for the reason `cancelled`. What was sent stays sent."""

from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.editions import stage_editions
from engage_cli.messaging.policy.telling import make_told
from engage_cli.messaging.policy.timing import make_no_candidates
from engage_cli.state.messages import NONE_UNRENDERED

CANCEL = "broadcast cancel"
"""The rule by which somebody is skipped."""


def call_off(engine: Engine, name: str) -> int:
    """Make `p_message` and `p_told` of all who wait in a broadcast; how many."""
    make_no_candidates(engine)
    stage_editions(engine, ())
    for statement in _NOTHING:
        engine.execute(statement)
    engine.execute(_DUE, [CANCEL, name])
    engine.execute(_MESSAGES)
    make_told(engine, {}, {}, with_language=False)
    return int(engine.rows("SELECT count(*) FROM p_due")[0][0])


_NOTHING = (
    NONE_UNRENDERED,
    "CREATE OR REPLACE TEMP TABLE p_person (user_key INTEGER)",
)
_DUE = """
    CREATE OR REPLACE TEMP TABLE p_due AS
    SELECT candidate_id, campaign_kind AS kind, campaign, version, instance, step, variant, user_id, CAST(NULL AS INTEGER) AS user_key,
        channel, template, scheduled_at, coalesce(send_at, scheduled_at) AS send_at, zone, settings, context,
        settings->>'$.group' AS "group",
        coalesce(settings->>'$.category', 'marketing') AS category, coalesce(CAST(settings->>'$.priority' AS INTEGER), 0) AS priority,
        coalesce(settings->>'$.render', 'message') AS render, 'cancelled' AS reason, CAST(? AS VARCHAR) AS rule
    FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
    WHERE campaign_kind = 'broadcast' AND campaign = ?
"""
_MESSAGES = """
    CREATE OR REPLACE TEMP TABLE p_message AS
    SELECT candidate_id AS message_id, * EXCLUDE (reason, rule), CAST(NULL AS VARCHAR) AS "to", CAST(NULL AS VARCHAR) AS "key", reason, rule
    FROM p_due
"""
