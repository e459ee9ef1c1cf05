"""Which variant of a test wins: the one whose messages were opened (delivered, clicked, converted) by the greatest share of them until the
instant of the decision; what happens later changes nothing. Where several do equally well, or none has any, the one that `else` names."""

from fractions import Fraction

from engage_cli.broadcasts.goals import make_goal
from engage_cli.broadcasts.planning import PlannedBroadcast
from engage_cli.definitions.broadcast import Winner
from engage_cli.definitions.outcomes import Outcome
from engage_cli.engine.base import Engine
from engage_cli.plan.needs import Catalog
from engage_cli.state.instants import stored


def find_winner(engine: Engine, plan: PlannedBroadcast, catalog: Catalog) -> str:
    """The variant that who waits gets. Needs `outcome_event` and `instance_user`; the decision's instant has come."""
    winner, decided_at = plan.broadcast.winner, plan.decided_at
    assert winner is not None and decided_at is not None
    if winner.by is Outcome.CONVERTED:
        make_goal(engine, plan.broadcast.goal, plan.name, catalog, plan.zone, decided_at)
        rows = engine.rows(_CONVERTED, [stored(decided_at), plan.name, stored(decided_at)])
    else:
        rows = engine.rows(_OUTCOMES, [winner.by.value, stored(decided_at), plan.name, stored(decided_at)])
    return best_of({str(name): (int(did), int(sent)) for name, sent, did in rows}, winner)


def best_of(counts: dict[str, tuple[int, int]], winner: Winner) -> str:
    """The variant with the greatest share, of (how many did, of how many); `else` where that is nobody's, or several's."""
    shares = {name: Fraction(did, sent) for name, (did, sent) in counts.items() if did and sent}
    best = max(shares.values(), default=None)
    those = [name for name, share in shares.items() if share == best]
    return those[0] if len(those) == 1 else winner.otherwise


_OUTCOMES = """
    SELECT m.variant, count(DISTINCT m.message_id), count(DISTINCT o.message)
    FROM state.main.message AS m LEFT JOIN (
        SELECT o.message, u.user_id FROM outcome_event AS o JOIN instance_user AS u USING (user_key)
        WHERE o.status = ? AND o.told_at <= CAST(? AS TIMESTAMP)
    ) AS o ON o.message = m.message_id AND o.user_id = m.user_id
    WHERE m.campaign_kind = 'broadcast' AND m.campaign = ? AND m.decision = 'sent' AND m.send_at <= CAST(? AS TIMESTAMP)
    GROUP BY m.variant ORDER BY m.variant
"""
_CONVERTED = """
    SELECT m.variant, count(DISTINCT m.message_id), count(DISTINCT CASE WHEN g.reached_at <= CAST(? AS TIMESTAMP) THEN m.message_id END)
    FROM state.main.message AS m LEFT JOIN b_goal AS g USING (candidate_id)
    WHERE m.campaign_kind = 'broadcast' AND m.campaign = ? AND m.decision = 'sent' AND m.send_at <= CAST(? AS TIMESTAMP)
    GROUP BY m.variant ORDER BY m.variant
"""
