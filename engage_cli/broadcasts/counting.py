"""What became of the recipients of broadcasts, each counted once: sent, skipped for a reason, or deferred. The sum is all who were matched.

Somebody with several addresses (devices) is sent to if one of the messages is; else the first reason counts, in the order in which the
policy asks.
"""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.deciding import REASONS

SENT = "sent"
LATER = "later"
"""Deferred: the `send_at` has not come."""
OPEN = "open"
"""Deferred: who wins the test is not known."""


class Waterfall(Struct, frozen=True):
    """What became of everybody who was matched. `skipped` by reason, in the order in which they are asked; of those deferred `later` have a
    `send_at` that has not come, `open` wait for the winner."""

    matched: int = 0
    skipped: tuple[tuple[str, int], ...] = ()
    later: int = 0
    open: int = 0
    sent: int = 0

    @property
    def deferred(self) -> int:
        """How many get their message by a later run, or are skipped by it."""
        return self.later + self.open


def waterfalls(engine: Engine, names: Sequence[str], *, with_run: bool) -> dict[str, Waterfall]:
    """By broadcast, of the state; `with_run`: and of what a run that is not committed found (`p_made`, `p_message`)."""
    make_became(engine, names, with_run=with_run)
    counts: dict[str, dict[str, int]] = {}
    for campaign, became, count in engine.rows("SELECT campaign, became, count(*) FROM b_became GROUP BY ALL ORDER BY ALL"):
        counts.setdefault(str(campaign), {})[str(became)] = int(count)
    return {name: _waterfall(found) for name, found in counts.items()}


def _waterfall(found: dict[str, int]) -> Waterfall:
    skipped = tuple((reason, found[reason]) for reason in REASONS if reason in found)
    return Waterfall(sum(found.values()), skipped, found.get(LATER, 0), found.get(OPEN, 0), found.get(SENT, 0))


def make_became(engine: Engine, names: Sequence[str], *, with_run: bool) -> None:
    """Make `b_became(campaign, candidate_id, user_id, variant, withheld, became)` of the recipients of some broadcasts."""
    for statement in _OF_RUN if with_run else _OF_NO_RUN:
        engine.execute(statement)
    engine.execute(_BECAME, [list(REASONS), list(names), list(names), SENT, OPEN, LATER])


_OF_RUN = (
    """
    CREATE OR REPLACE TEMP TABLE b_decided AS
    SELECT m.candidate_id, m.reason IS NULL AND u.message_id IS NULL AS sent, coalesce(m.reason, 'unrenderable') AS reason
    FROM p_message AS m LEFT JOIN unrendered AS u USING (message_id) WHERE m.kind = 'broadcast'
    """,
    """
    CREATE OR REPLACE TEMP TABLE b_meant AS
    SELECT candidate_id, campaign, user_id, variant, withheld, send_at FROM p_made WHERE kind = 'broadcast'
    """,
)
_OF_NO_RUN = (
    "CREATE OR REPLACE TEMP TABLE b_decided (candidate_id VARCHAR, sent BOOLEAN, reason VARCHAR)",
    """
    CREATE OR REPLACE TEMP TABLE b_meant (
        candidate_id VARCHAR, campaign VARCHAR, user_id VARCHAR, variant VARCHAR, withheld VARCHAR, send_at TIMESTAMP
    )
    """,
)
_BECAME = """
    CREATE OR REPLACE TEMP TABLE b_became AS
    WITH asked AS (SELECT CAST(? AS VARCHAR[]) AS reasons),
    meant AS (
        SELECT candidate_id, campaign, user_id, variant, withheld, send_at FROM state.main.candidate ANTI JOIN b_meant USING (candidate_id)
        WHERE campaign_kind = 'broadcast' AND list_contains(CAST(? AS VARCHAR[]), campaign)
        UNION ALL
        SELECT candidate_id, campaign, user_id, variant, withheld, send_at FROM b_meant
    ), decided AS (
        SELECT candidate_id, decision = 'sent' AS sent, reason FROM state.main.message
        WHERE campaign_kind = 'broadcast' AND list_contains(CAST(? AS VARCHAR[]), campaign)
        UNION ALL
        SELECT candidate_id, sent, reason FROM b_decided
    ), told AS (
        SELECT d.candidate_id, bool_or(d.sent) AS sent, min(list_position(a.reasons, d.reason)) AS place
        FROM decided AS d CROSS JOIN asked AS a GROUP BY d.candidate_id
    )
    SELECT m.campaign, m.candidate_id, m.user_id, m.variant, m.withheld, CASE
            WHEN t.sent THEN CAST(? AS VARCHAR)
            WHEN t.candidate_id IS NOT NULL THEN a.reasons[t.place]
            WHEN m.send_at IS NULL THEN CAST(? AS VARCHAR)
            ELSE CAST(? AS VARCHAR)
        END AS became
    FROM meant AS m LEFT JOIN told AS t USING (candidate_id) CROSS JOIN asked AS a
"""
