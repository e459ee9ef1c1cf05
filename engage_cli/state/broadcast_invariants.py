"""The invariants of broadcasts, for `state check` (check.py): recipients are found once, and who waits is known to wait for something."""

from engage_cli.state.invariant import Invariant

INVARIANTS = (
    Invariant(
        "broadcast-missing",
        "somebody is a recipient of a broadcast that was never sent",
        "SELECT DISTINCT campaign FROM state.main.candidate WHERE campaign_kind = 'broadcast'"
        " AND campaign NOT IN (SELECT broadcast FROM state.main.broadcast)",
    ),
    Invariant(
        "broadcast-twice",
        "somebody is a recipient of a broadcast twice",
        "SELECT campaign || ': ' || user_id FROM state.main.candidate WHERE campaign_kind = 'broadcast'"
        " GROUP BY campaign, user_id HAVING count(*) > 1",
    ),
    Invariant(
        "broadcast-clock",
        "a broadcast stands before it was sent, or was sent by a run that never was",
        "SELECT b.broadcast FROM state.main.broadcast AS b LEFT JOIN state.main.run AS r ON r.number = b.run"
        " WHERE r.number IS NULL OR r.as_of > b.as_of OR (b.cancelled_at IS NULL AND b.frozen_at > b.as_of)",
    ),
    Invariant(
        "broadcast-open",
        "somebody waits for the winner of a test that is decided, or for nothing",
        "SELECT c.campaign || ': ' || c.user_id FROM state.main.candidate AS c"
        " LEFT JOIN state.main.broadcast AS b ON c.campaign_kind = 'broadcast' AND b.broadcast = c.campaign"
        " WHERE c.send_at IS NULL AND (b.broadcast IS NULL OR b.winner IS NOT NULL"
        " OR c.candidate_id NOT IN (SELECT candidate_id FROM state.main.waiting))",
    ),
    Invariant(
        "broadcast-cancelled",
        "somebody waits for a broadcast that was cancelled",
        "SELECT c.campaign || ': ' || c.user_id FROM state.main.candidate AS c SEMI JOIN state.main.waiting AS w USING (candidate_id)"
        " JOIN state.main.broadcast AS b ON c.campaign_kind = 'broadcast' AND b.broadcast = c.campaign WHERE b.cancelled_at IS NOT NULL",
    ),
)
