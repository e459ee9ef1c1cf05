"""What journeys mean to send, as candidates for the policy, and whose instances have ended."""

from engage_cli.engine.base import Engine


def add_candidates(engine: Engine) -> None:
    """Add to `p_made` (messaging/policy/timing.py) the messages that this tick's walks came by."""
    engine.execute(_ARMS)
    engine.execute(_CANDIDATES)


def make_ends(engine: Engine) -> None:
    """Make `instance_end(instance, ended_at, reason)`: of the instances of candidates that wait or are made, those that have ended."""
    engine.execute(_ENDS)


# The arm that somebody was given last before a message, by the log of this tick and of those before.
_ARMS = """
    CREATE OR REPLACE TEMP TABLE r_arm AS
    WITH asked AS (
        SELECT r.candidate_id, r.instance, unnest(s.arms) AS arm FROM r_sent AS r JOIN step_settings AS s USING (journey, version, step)
    ), given AS (
        SELECT instance, from_step, branch, ordinal FROM r_transition WHERE branch IS NOT NULL
        UNION ALL
        SELECT instance, from_step, branch, ordinal FROM state.main.transition
        WHERE branch IS NOT NULL AND instance IN (SELECT instance FROM asked)
    )
    SELECT a.candidate_id, arg_max(g.branch, g.ordinal) AS variant
    FROM asked AS a JOIN given AS g ON g.instance = a.instance AND g.from_step = a.arm GROUP BY a.candidate_id
"""
_CANDIDATES = """
    INSERT INTO p_made
    SELECT r.candidate_id, 'journey', r.journey, r.version, r.instance, r.step, a.variant, r.user_id, s.channel, s.template, r.scheduled_at,
    NULL,
        r.zone, s.settings, r.context, NULL
    FROM r_sent AS r JOIN step_settings AS s USING (journey, version, step) LEFT JOIN r_arm AS a USING (candidate_id)
"""
_ENDS = """
    CREATE OR REPLACE TEMP TABLE instance_end AS
    WITH asked AS (
        SELECT instance FROM p_made WHERE instance IS NOT NULL
        UNION SELECT c.instance FROM state.main.candidate AS c SEMI JOIN state.main.waiting AS w USING (candidate_id)
    )
    SELECT instance, ended_at, reason FROM r_ended SEMI JOIN asked USING (instance)
    UNION ALL
    SELECT instance, ended_at, end_reason FROM state.main.instance SEMI JOIN asked USING (instance) WHERE ended_at IS NOT NULL
"""
