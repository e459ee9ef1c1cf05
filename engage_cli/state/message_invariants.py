"""The invariants of messages, for `state check` (check.py): each is meant, and decided about, once."""

from engage_cli.state.invariant import Invariant

INVARIANTS = (
    Invariant(
        "message-twice",
        "a message is decided about twice",
        "SELECT message_id FROM state.main.message GROUP BY message_id HAVING count(*) > 1",
    ),
    Invariant(
        "message-cause",
        "a message comes of no candidate, or is due at another instant",
        "SELECT m.message_id FROM state.main.message AS m LEFT JOIN state.main.candidate AS c USING (candidate_id)"
        " WHERE c.candidate_id IS NULL OR c.send_at IS DISTINCT FROM m.send_at",
    ),
    Invariant(
        "message-reason",
        "a message is sent for a reason not to, or skipped without one",
        "SELECT message_id FROM state.main.message WHERE (decision = 'sent') <> (reason IS NULL)",
    ),
    Invariant(
        "candidate-decided",
        "a candidate neither waits nor is decided about, or both",
        "SELECT c.candidate_id FROM state.main.candidate AS c"
        " LEFT JOIN (SELECT candidate_id, count(*) AS n FROM state.main.waiting GROUP BY candidate_id) AS w USING (candidate_id)"
        " LEFT JOIN (SELECT DISTINCT candidate_id, 1 AS n FROM state.main.message) AS m USING (candidate_id)"
        " WHERE coalesce(w.n, 0) + coalesce(m.n, 0) <> 1",
    ),
)
