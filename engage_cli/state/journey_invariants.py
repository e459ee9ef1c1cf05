"""The invariants of journeys, for `state check` (check.py): what a tick never leaves behind, however often it was killed."""

from engage_cli.state.invariant import Invariant

INVARIANTS = (
    Invariant(
        "journey-clock",
        "a journey's clock shows another instant than the run that set it, or an edition that is not kept",
        "SELECT j.journey FROM state.main.journey AS j LEFT JOIN state.main.run AS r ON r.number = j.run"
        " LEFT JOIN state.main.journey_version AS v ON v.journey = j.journey AND v.version = j.version"
        " WHERE r.as_of IS DISTINCT FROM j.as_of OR v.version IS NULL",
    ),
    Invariant(
        "journey-edition",
        "the editions of a journey are not numbered 1, 2, 3, …",
        "SELECT journey || ' ' || version FROM (SELECT journey, version, row_number() OVER (PARTITION BY journey ORDER BY version) AS place"
        " FROM state.main.journey_version) WHERE version <> place",
    ),
    Invariant(
        "journey-hand",
        "a command said something of a journey that none can say",
        "SELECT journey || ': ' || status FROM state.main.journey_hand WHERE status NOT IN ('live', 'paused', 'archived')",
    ),
    Invariant(
        "journey-pause",
        "a pause ends before it begins, or two of them last",
        "SELECT journey FROM state.main.journey_pause WHERE until_at <= from_at"
        " UNION ALL SELECT journey FROM state.main.journey_pause WHERE until_at IS NULL GROUP BY journey HAVING count(*) > 1",
    ),
    Invariant(
        "instance-twice",
        "an instance is kept twice",
        "SELECT any_value(instance_id) FROM state.main.instance GROUP BY instance HAVING count(*) > 1"
        " UNION ALL SELECT instance_id FROM state.main.instance GROUP BY instance_id HAVING count(*) > 1",
    ),
    Invariant(
        "instance-journey",
        "an instance is of a journey without a clock, or of an edition that is not kept",
        "SELECT i.journey || ': ' || i.user_id FROM state.main.instance AS i LEFT JOIN state.main.journey AS j ON j.journey = i.journey"
        " LEFT JOIN state.main.journey_version AS v ON v.journey = i.journey AND v.version = i.version"
        " WHERE j.journey IS NULL OR v.version IS NULL",
    ),
    Invariant(
        "instance-open-twice",
        "a user has two open instances of one key",
        "SELECT journey || ': ' || user_id FROM state.main.instance WHERE ended_at IS NULL"
        " GROUP BY journey, user_id, key HAVING count(*) > 1",
    ),
    Invariant(
        "instance-end",
        "an instance ended by half, or before it began",
        "SELECT journey || ': ' || user_id FROM state.main.instance WHERE ended_at < entered_at OR ended_run < entered_run"
        " OR (ended_at IS NULL) <> (end_reason IS NULL) OR (ended_at IS NULL) <> (ended_run IS NULL)",
    ),
    Invariant(
        "position-missing",
        "an open instance stands nowhere",
        "SELECT i.journey || ': ' || i.user_id FROM state.main.instance AS i ANTI JOIN state.main.position AS p USING (instance)"
        " WHERE i.ended_at IS NULL",
    ),
    Invariant(
        "position-unknown",
        "somebody stands at a step without an open instance of that edition",
        "SELECT p.journey || ': ' || p.step FROM state.main.position AS p LEFT JOIN state.main.instance AS i USING (instance)"
        " WHERE i.instance IS NULL OR i.ended_at IS NOT NULL OR i.journey <> p.journey OR i.version <> p.version",
    ),
    Invariant(
        "position-twice",
        "an instance is at two steps at once, and not in the branches of a fork",
        "SELECT any_value(journey) || ': ' || any_value(step) FROM state.main.position GROUP BY instance, token HAVING count(*) > 1"
        " UNION ALL SELECT p.journey || ': ' || p.step FROM state.main.position AS p JOIN state.main.position AS q USING (instance)"
        " WHERE (p.token = '' AND q.token <> '') OR (p.token <> '' AND starts_with(q.token, p.token || '/'))",
    ),
    Invariant(
        "position-arrival",
        "somebody stands at a step to which no move led then",
        "SELECT p.journey || ': ' || p.step FROM state.main.position AS p ANTI JOIN state.main.transition AS t"
        " ON t.instance = p.instance AND t.token = p.token AND t.to_step = p.step AND t.moved_at = p.arrived_at AND t.cause <> 'restart'"
        " WHERE NOT ends_with(p.step, ':joined')",
    ),
    Invariant(
        "position-times",
        "somebody has waited for longer than they are there",
        "SELECT p.journey || ': ' || p.step FROM state.main.position AS p JOIN state.main.instance AS i USING (instance)"
        " WHERE p.waiting_since < p.arrived_at OR p.arrived_at < i.entered_at",
    ),
    Invariant(
        "move-gap",
        "the moves of an instance are not numbered 1, 2, 3, …",
        "SELECT 'move ' || ordinal || ' of instance ' || instance FROM (SELECT instance, ordinal,"
        " row_number() OVER (PARTITION BY instance ORDER BY ordinal) AS place FROM state.main.transition) WHERE ordinal <> place",
    ),
    Invariant(
        "move-entry",
        "an instance does not begin with its entry, or enters twice",
        "SELECT i.journey || ': ' || i.user_id FROM state.main.instance AS i LEFT JOIN state.main.transition AS t USING (instance)"
        " GROUP BY i.instance, i.journey, i.user_id, i.entered_at HAVING count(*) FILTER (t.cause = 'entry') <> 1"
        " OR count(*) FILTER (t.cause = 'entry' AND t.ordinal = 1 AND t.from_step IS NULL AND t.moved_at = i.entered_at) <> 1",
    ),
    Invariant(
        "move-unknown",
        "a move is of no instance, or has a cause that there is not",
        "SELECT 'instance ' || t.instance || ': ' || t.cause FROM state.main.transition AS t LEFT JOIN state.main.instance AS i"
        " USING (instance) WHERE i.instance IS NULL OR t.cause NOT IN ('entry', 'delay', 'restart', 'branch', 'timeout', 'none', 'done',"
        " 'goto', 'joined', 'exit', 'exit_rule', 'goal', 'stopped', 'changed')",
    ),
    Invariant(
        "move-times",
        "a move comes before the one before it, or after the journey's clock",
        "SELECT 'move ' || t.ordinal || ' of instance ' || t.instance FROM (SELECT *,"
        " lag(moved_at) OVER (PARTITION BY instance ORDER BY ordinal) AS before FROM state.main.transition) AS t"
        " LEFT JOIN state.main.instance AS i USING (instance) LEFT JOIN state.main.journey AS j USING (journey)"
        " WHERE t.moved_at < t.before OR t.moved_at > j.as_of",
    ),
    Invariant(
        "move-last",
        "an instance ended at another instant than its last move",
        "SELECT i.journey || ': ' || i.user_id FROM state.main.instance AS i JOIN (SELECT instance, max(moved_at) AS moved_at"
        " FROM state.main.transition GROUP BY instance) AS t USING (instance) WHERE t.moved_at <> i.ended_at",
    ),
    Invariant(
        "goal",
        "an instance reached its goal twice, or before it began",
        "SELECT 'instance ' || instance FROM state.main.instance_goal GROUP BY instance HAVING count(*) > 1"
        " UNION ALL SELECT 'instance ' || g.instance FROM state.main.instance_goal AS g LEFT JOIN state.main.instance AS i USING (instance)"
        " WHERE i.instance IS NULL OR g.reached_at < i.entered_at",
    ),
    Invariant(
        "candidate-twice",
        "a message is meant twice",
        "SELECT candidate_id FROM state.main.candidate GROUP BY candidate_id HAVING count(*) > 1",
    ),
    Invariant(
        "candidate-cause",
        "a message of a journey does not come of exactly one move",
        "SELECT c.candidate_id FROM state.main.candidate AS c LEFT JOIN state.main.transition AS t ON t.instance = c.instance"
        " AND t.from_step = c.step AND t.moved_at = c.scheduled_at AND t.cause = 'done'"
        " WHERE c.campaign_kind = 'journey' GROUP BY c.candidate_id, c.instance, c.step HAVING count(t.instance) <> 1",
    ),
    Invariant(
        "set-cause",
        "a value that a journey set does not come of exactly one move",
        "SELECT s.journey || ': ' || s.trait || ' of ' || s.user_id FROM state.main.trait_set AS s LEFT JOIN state.main.transition AS t"
        " ON t.instance = s.instance AND t.from_step = s.step AND t.moved_at = s.set_at AND t.cause = 'done'"
        " GROUP BY s.journey, s.trait, s.user_id, s.instance, s.step, s.set_at HAVING count(t.instance) <> 1",
    ),
    Invariant(
        "stay-cause",
        "what a journey told a destination does not come of exactly one move, or ends before it begins",
        "SELECT s.journey || ': ' || s.destination || ' ' || s.user_id FROM state.main.list_stay AS s LEFT JOIN state.main.transition AS t"
        " ON t.instance = s.instance AND t.from_step = s.step AND t.moved_at = s.added_at AND t.cause = 'done'"
        " GROUP BY s.journey, s.destination, s.user_id, s.instance, s.step, s.added_at, s.remove_at"
        " HAVING count(t.instance) <> 1 OR s.remove_at < s.added_at",
    ),
)
