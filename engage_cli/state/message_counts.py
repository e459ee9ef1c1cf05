"""What came of the messages of a journey, by step and by the arms of its experiments. `outcome_event` (journeys/outcomes.py) and
`instance_user` are made before."""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.engine.base import Engine


class StepMessages(Struct, frozen=True):
    """How many messages of a step were sent, skipped, or wait to be decided (`later`), and how many of those sent had each outcome."""

    step: str
    sent: int
    skipped: int
    later: int
    delivered: int
    opened: int
    clicked: int
    bounced: int


class SkippedMessages(Struct, frozen=True):
    """How many messages were not sent for a reason."""

    reason: str
    messages: int


class ArmCount(Struct, frozen=True):
    """An arm of a randomize step: how many instances it was drawn for, how many of those reached the goal, and the messages sent to them
    after that."""

    step: str
    arm: str
    people: int
    converted: int
    sent: int
    delivered: int
    opened: int
    clicked: int
    bounced: int


def message_counts(engine: Engine, journey: str) -> list[StepMessages]:
    """The counts of every step that meant a message, by name."""
    return [StepMessages(*row) for row in engine.rows(_BY_STEP, [journey])]


def skipped_counts(engine: Engine, journey: str) -> list[SkippedMessages]:
    """The counts of the messages that were not sent, by the reason."""
    return [SkippedMessages(*row) for row in engine.rows(_BY_REASON, [journey])]


def arm_counts(engine: Engine, journey: str, steps: Sequence[str]) -> list[ArmCount]:
    """The counts of the arms of these steps, by step and arm; only arms that were drawn."""
    return [ArmCount(*row) for row in engine.rows(_BY_ARM, [journey, list(steps)])]


_BY_STEP = """
    WITH meant AS (
        SELECT c.step, coalesce(m.message_id, c.candidate_id) AS message_id, m.decision, u.user_key
        FROM state.main.candidate AS c LEFT JOIN state.main.message AS m USING (candidate_id)
        JOIN instance_user AS u ON u.user_id = c.user_id
        WHERE c.campaign_kind = 'journey' AND c.campaign = ?
    ), told AS (
        SELECT m.*, CASE WHEN m.decision = 'sent' THEN o.status END AS status
        FROM meant AS m LEFT JOIN outcome_event AS o ON o.message = m.message_id AND o.user_key = m.user_key
    )
    SELECT step, count(DISTINCT message_id) FILTER (decision = 'sent'), count(DISTINCT message_id) FILTER (decision = 'skipped'),
        count(DISTINCT message_id) FILTER (decision IS NULL), count(DISTINCT message_id) FILTER (status = 'delivered'),
        count(DISTINCT message_id) FILTER (status = 'opened'), count(DISTINCT message_id) FILTER (status = 'clicked'),
        count(DISTINCT message_id) FILTER (status = 'bounced')
    FROM told GROUP BY step ORDER BY step
"""
_BY_REASON = """
    SELECT reason, count(*) FROM state.main.message
    WHERE campaign_kind = 'journey' AND campaign = ? AND decision = 'skipped' GROUP BY reason ORDER BY reason
"""
_BY_ARM = """
    WITH drawn AS (
        SELECT t.instance, t.from_step AS step, t.branch AS arm, min(t.ordinal) AS drawn
        FROM state.main.transition AS t JOIN state.main.instance AS i USING (instance)
        WHERE i.journey = ? AND t.cause = 'branch' AND list_contains(CAST(? AS VARCHAR[]), t.from_step) GROUP BY ALL
    ), people AS (
        SELECT d.step, d.arm, count(DISTINCT d.instance) AS people, count(DISTINCT g.instance) AS converted
        FROM drawn AS d LEFT JOIN state.main.instance_goal AS g USING (instance) GROUP BY d.step, d.arm
    ), made AS (
        SELECT d.step, d.arm, m.message_id, u.user_key
        FROM drawn AS d JOIN state.main.candidate AS c USING (instance)
        JOIN state.main.transition AS t ON t.instance = d.instance AND t.from_step = c.step AND t.ordinal > d.drawn
        JOIN state.main.message AS m ON m.candidate_id = c.candidate_id AND m.decision = 'sent'
        JOIN instance_user AS u ON u.user_id = c.user_id
    ), counted AS (
        SELECT m.step, m.arm, count(DISTINCT m.message_id) AS sent,
            count(DISTINCT m.message_id) FILTER (o.status = 'delivered') AS delivered,
            count(DISTINCT m.message_id) FILTER (o.status = 'opened') AS opened,
            count(DISTINCT m.message_id) FILTER (o.status = 'clicked') AS clicked,
            count(DISTINCT m.message_id) FILTER (o.status = 'bounced') AS bounced
        FROM made AS m LEFT JOIN outcome_event AS o ON o.message = m.message_id AND o.user_key = m.user_key GROUP BY m.step, m.arm
    )
    SELECT p.step, p.arm, p.people, p.converted, coalesce(c.sent, 0), coalesce(c.delivered, 0), coalesce(c.opened, 0),
        coalesce(c.clicked, 0), coalesce(c.bounced, 0)
    FROM people AS p LEFT JOIN counted AS c USING (step, arm) ORDER BY p.step, p.arm
"""
