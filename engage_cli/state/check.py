"""`state check`: every invariant of the state, each as a query for what breaks it."""

from pathlib import Path

from msgspec import Struct
from sqlglot import exp

from engage_cli.errors import EngageError
from engage_cli.source import visible
from engage_cli.state import broadcast_invariants, journey_invariants, message_invariants
from engage_cli.state.hashes import digest
from engage_cli.state.instants import iso
from engage_cli.state.invariant import Invariant
from engage_cli.state.runs import all_runs
from engage_cli.state.store import State, is_database, published_path

TABLES = (
    *("revision", "run", "input_file", "audience_clock", "membership", "alias", "outbox", "run_file", "member_file", "pending"),
    *("sync", "list_member", "trait_clock", "trait_value", "forgotten", "migration"),
    *("journey", "journey_version", "journey_hand", "journey_pause", "instance", "instance_goal", "position", "transition", "candidate"),
    *("list_stay", "trait_set", "seen_event", "entry_truth"),
    *("waiting", "message", "template_edition", "broadcast"),
)


class Finding(Struct, frozen=True):
    """Something that is not as it must be: a stable short name, a sentence, how many rows, and one of them."""

    code: str
    message: str
    rows: int
    example: str


def check_state(state: State) -> list[Finding]:
    """Everything that is wrong with the attached state and its published copy; an empty list for a sound one."""
    return check_tables(state) + _published(state)


def check_tables(state: State) -> list[Finding]:
    """Everything that is wrong within the attached state, whatever its published copy is."""
    try:
        found = [_look(state, invariant) for invariant in (*INVARIANTS, *OF_CAMPAIGNS)]
        return [finding for finding in found if finding is not None] + _wrong_ids(state)
    except EngageError as error:
        return [Finding("unreadable", "the state cannot be read; restore a backup", 1, error.message)]


OF_CAMPAIGNS = (*journey_invariants.INVARIANTS, *message_invariants.INVARIANTS, *broadcast_invariants.INVARIANTS)
INVARIANTS = (
    Invariant(
        "revision",
        "the state's edition is not one row",
        "SELECT count(*) || ' rows' FROM state.main.revision HAVING count(*) <> 1",
    ),
    Invariant(
        "run-gap",
        "runs are not numbered 1, 2, 3, …",
        "SELECT 'run number ' || number FROM (SELECT number, row_number() OVER (ORDER BY number) AS place FROM state.main.run)"
        " WHERE number <> place",
    ),
    Invariant(
        "run-chain",
        "a run does not name the run before it",
        "SELECT 'run ' || run_id FROM (SELECT run_id, previous_run_id, lag(run_id) OVER (ORDER BY number) AS before"
        " FROM state.main.run) WHERE previous_run_id IS DISTINCT FROM before",
    ),
    Invariant(
        "run-status",
        "a run's status is unknown",
        "SELECT 'run ' || run_id || ': ' || status FROM state.main.run WHERE status NOT IN ('committed', 'published')",
    ),
    Invariant(
        "run-unfinished",
        "a run was killed before its files had their names; the next run finishes it",
        "SELECT 'run ' || run_id FROM state.main.run WHERE status = 'committed' UNION ALL SELECT path FROM state.main.pending",
    ),
    Invariant(
        "alias-twice",
        "an id is kept for two profiles",
        "SELECT alias FROM state.main.alias GROUP BY alias HAVING count(*) > 1",
    ),
    Invariant(
        "member-twice",
        "a user is inside an audience more than once",
        "SELECT audience || ': ' || user_id FROM state.main.membership WHERE exited_at IS NULL"
        " GROUP BY audience, user_id HAVING count(*) > 1",
    ),
    Invariant(
        "member-times",
        "a stay ends before it begins, or ends by half",
        "SELECT audience || ': ' || user_id FROM state.main.membership WHERE exited_at < entered_at OR exited_run <= entered_run"
        " OR (exited_at IS NULL) <> (exited_run IS NULL)",
    ),
    Invariant(
        "member-overlap",
        "a stay begins before the one before it has ended",
        "SELECT audience || ': ' || user_id FROM (SELECT audience, user_id, entered_run, row_number() OVER stays AS place,"
        " lag(exited_run) OVER stays AS left_by FROM state.main.membership"
        " WINDOW stays AS (PARTITION BY audience, user_id ORDER BY entered_run, exited_run NULLS LAST))"
        " WHERE place > 1 AND (left_by IS NULL OR left_by >= entered_run)",
    ),
    Invariant(
        "member-run",
        "a stay begins or ends at another instant than the run that it names",
        "SELECT audience || ': ' || user_id FROM state.main.membership AS member"
        " LEFT JOIN state.main.run AS began ON began.number = member.entered_run"
        " LEFT JOIN state.main.run AS ended ON ended.number = member.exited_run"
        " WHERE began.as_of IS DISTINCT FROM member.entered_at OR ended.as_of IS DISTINCT FROM member.exited_at",
    ),
    Invariant(
        "clock-missing",
        "an audience has members but no clock",
        "SELECT DISTINCT audience FROM state.main.membership WHERE audience NOT IN (SELECT audience FROM state.main.audience_clock)",
    ),
    Invariant(
        "clock-run",
        "a clock shows another instant than the run that set it",
        "SELECT audience FROM state.main.audience_clock AS clock LEFT JOIN state.main.run AS run ON run.number = clock.run"
        " WHERE run.as_of IS DISTINCT FROM clock.as_of",
    ),
    Invariant(
        "clock-behind",
        "a clock is behind a change of its audience",
        "SELECT DISTINCT clock.audience FROM state.main.audience_clock AS clock JOIN state.main.outbox AS changed"
        " ON changed.source = clock.audience AND changed.kind = 'membership' JOIN state.main.run AS run ON run.number = changed.run"
        " WHERE run.as_of > clock.as_of OR changed.run > clock.run",
    ),
    Invariant(
        "clock-counts",
        "a clock counts other changes than its run made",
        "SELECT clock.audience FROM state.main.audience_clock AS clock LEFT JOIN (SELECT run, source,"
        " count(*) FILTER (change = 'entered') AS entered, count(*) FILTER (change = 'exited') AS exited"
        " FROM state.main.outbox WHERE kind = 'membership' GROUP BY run, source) AS made"
        " ON made.run = clock.run AND made.source = clock.audience"
        " WHERE clock.entered <> coalesce(made.entered, 0) OR clock.exited <> coalesce(made.exited, 0)",
    ),
    Invariant(
        "outbox-unknown",
        "the outbox has a change that no membership shows",
        "SELECT audience || ': ' || user_id || ' ' || change FROM (SELECT run, source AS audience, user_id, change FROM state.main.outbox"
        " WHERE kind = 'membership' EXCEPT ALL (SELECT entered_run, audience, user_id, 'entered' FROM state.main.membership"
        " UNION ALL SELECT exited_run, audience, user_id, 'exited' FROM state.main.membership WHERE exited_run IS NOT NULL))",
    ),
    Invariant(
        "outbox-missing",
        "the outbox lacks a change that a membership shows",
        "SELECT audience || ': ' || user_id || ' ' || change FROM ((SELECT entered_run AS run, audience, user_id, 'entered' AS change"
        " FROM state.main.membership UNION ALL SELECT exited_run, audience, user_id, 'exited' FROM state.main.membership"
        " WHERE exited_run IS NOT NULL) EXCEPT ALL SELECT run, source, user_id, change FROM state.main.outbox WHERE kind = 'membership')",
    ),
    Invariant(
        "outbox-payload",
        "what goes along in the outbox is no JSON object",
        "SELECT source || ': ' || user_id FROM state.main.outbox"
        " WHERE payload IS NOT NULL AND (NOT json_valid(payload) OR NOT starts_with(payload, '{'))",
    ),
    Invariant(
        "run-files",
        "a run's file does not have a row for each change",
        "SELECT 'run ' || coalesce(file.run, made.run) || ': ' || coalesce(file.path, made.source)"
        " FROM state.main.run_file AS file FULL JOIN (SELECT run, kind, source, destination,"
        " CASE WHEN kind = 'list' THEN change END AS change, count(*) AS changes FROM state.main.outbox GROUP BY ALL) AS made"
        " ON made.run = file.run AND made.kind = file.kind AND made.source = file.source"
        " AND (made.destination IS NULL OR made.destination = file.destination) AND (made.change IS NULL OR made.change = file.call)"
        " WHERE file.path IS NULL OR file.rows <> coalesce(made.changes, 0)",
    ),
    Invariant(
        "sync",
        "what a destination knows of an audience is said twice, or after a run that never was",
        "SELECT destination || ': ' || source FROM state.main.sync GROUP BY destination, source"
        " HAVING count(*) > 1 OR max(run) > (SELECT coalesce(max(number), 0) FROM state.main.run) OR min(run) < 0",
    ),
    Invariant(
        "list-twice",
        "a member is on a list at a destination more than once",
        "SELECT destination || ': ' || list || ': ' || user_id FROM state.main.list_member GROUP BY ALL HAVING count(*) > 1",
    ),
    Invariant(
        "list-told",
        "a list at a destination is not what was told of it",
        "SELECT coalesce(told.destination, there.destination) || ': ' || coalesce(told.list, there.list) FROM"
        " (SELECT destination, source AS list, payload AS identifiers FROM state.main.outbox WHERE kind IN ('list', 'each')"
        " GROUP BY ALL HAVING arg_max(change, run) IN ('added', 'entered')) AS told"
        " FULL JOIN (SELECT DISTINCT destination, list, identifiers FROM state.main.list_member) AS there"
        " ON there.destination = told.destination AND there.list = told.list AND there.identifiers = told.identifiers"
        " WHERE told.list IS NULL OR there.list IS NULL",
    ),
    Invariant(
        "trait-twice",
        "somebody has two values of a trait at once",
        "SELECT trait || ': ' || subject_id FROM (SELECT *, lag(until) OVER held AS before, row_number() OVER held AS place"
        " FROM state.main.trait_value WINDOW held AS (PARTITION BY trait, of, subject_id ORDER BY since, run))"
        " WHERE place > 1 AND (before IS NULL OR before > since)",
    ),
    Invariant(
        "trait-run",
        "a value of a trait begins or ends at another instant than the run that it names",
        "SELECT trait || ': ' || subject_id FROM state.main.trait_value AS held"
        " LEFT JOIN state.main.run AS began ON began.number = held.run LEFT JOIN state.main.run AS ended ON ended.number = held.until_run"
        " WHERE began.as_of IS DISTINCT FROM held.since OR ended.as_of IS DISTINCT FROM held.until OR held.until_run <= held.run",
    ),
    Invariant(
        "trait-clock",
        "a trait has values but no clock, or one that its runs do not show",
        "SELECT DISTINCT held.trait FROM state.main.trait_value AS held ANTI JOIN state.main.trait_clock AS clock"
        " ON clock.trait = held.trait AND clock.of = held.of AND clock.first_as_of <= held.since AND clock.as_of >= held.since"
        " UNION ALL SELECT clock.trait FROM state.main.trait_clock AS clock LEFT JOIN state.main.run AS run ON run.number = clock.run"
        " WHERE run.as_of IS DISTINCT FROM clock.as_of",
    ),
    Invariant(
        "trait-json",
        "a value of a trait is no JSON",
        "SELECT trait || ': ' || subject_id FROM state.main.trait_value WHERE NOT json_valid(value)",
    ),
    Invariant(
        "trait-told",
        "the outbox tells another value of a trait than the state shows",
        "SELECT told.source || ': ' || told.user_id FROM state.main.outbox AS told"
        " LEFT JOIN state.main.trait_value AS held ON held.trait = told.source AND held.subject_id = told.user_id"
        " AND held.run <= told.run AND (held.until_run IS NULL OR held.until_run > told.run)"
        " WHERE told.kind IN ('trait', 'trait_sync')"
        " AND told.payload IS DISTINCT FROM '{' || to_json(told.source) || ':' || coalesce(held.value, 'null') || '}'",
    ),
    Invariant(
        "input-files",
        "an input file is recorded twice for one run, or for runs that never were",
        "SELECT path FROM (SELECT path, first_run, last_run, lag(coalesce(last_run, 2147483647)) OVER"
        " (PARTITION BY kind, path ORDER BY first_run, last_run NULLS LAST) AS before FROM state.main.input_file)"
        " WHERE before >= first_run OR last_run < first_run OR first_run NOT IN (SELECT number FROM state.main.run)",
    ),
    Invariant(
        "member-file",
        "a member file is of an audience that was never built",
        "SELECT path FROM state.main.member_file WHERE audience NOT IN (SELECT audience FROM state.main.audience_clock)",
    ),
)


def _look(state: State, invariant: Invariant) -> Finding | None:
    lines = state.engine.rows(invariant.broken_by)
    if not lines:
        return None
    return Finding(invariant.code, invariant.message, len(lines), visible(min(str(line[0]) for line in lines)))


def _wrong_ids(state: State) -> list[Finding]:
    """Runs whose id is not the hash of what it should be: a row was changed by hand."""
    wrong = [
        run.run_id
        for run in all_runs(state.engine)
        if run.run_id != digest(iso(run.as_of), run.command, run.definitions, run.inputs, run.previous_run_id)[:8]
    ]
    return [Finding("run-id", "a run's id is not the hash of its row", len(wrong), f"run {wrong[0]}")] if wrong else []


def _published(state: State) -> list[Finding]:
    """Whether the readers' copy holds the same rows."""
    copy = published_path(state.path)
    if not copy.exists():
        return [Finding("published", "readers have no copy; the next run makes it", 1, copy.name)] if all_runs(state.engine) else []
    unreadable = [Finding("published", "the readers' copy cannot be read; the next run replaces it", 1, copy.name)]
    if not is_database(copy):
        return unreadable
    try:
        differing = _compare(state, copy)
    except EngageError:
        return unreadable
    return [
        Finding("published", "the readers' copy differs from the state; the next run replaces it", rows, f"table {table}")
        for table, rows in differing.items()
        if rows
    ]


def _compare(state: State, copy: Path) -> dict[str, int]:
    """How many rows of each table are in one of the two only."""
    state.engine.attach(copy, "published", read_only=True)
    try:
        return {table: _differences(state, table) for table in TABLES}
    finally:
        state.engine.detach("published")


def _differences(state: State, table: str) -> int:
    mine, theirs = (exp.select("*").from_(exp.table_(table, db="main", catalog=catalog)) for catalog in ("state", "published"))
    only = [exp.except_(mine, theirs, distinct=False), exp.except_(theirs.copy(), mine.copy(), distinct=False)]
    return sum(
        int(state.engine.rows(exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(one.subquery("d")))[0][0]) for one in only
    )
