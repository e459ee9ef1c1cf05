"""`broadcast send`, and the broadcasts of `engage run`: find who gets one, give everybody their time, decide about those due, commit.

Whoever has come to their `send_at` by the run's instant is decided about, and written, by that run; `engage run` and `broadcast send` of
the same broadcast go on with the others. All hinges on the broadcast's own instant, not on when a run happens to come to it.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli import __version__
from engage_cli.broadcasts import waiting
from engage_cli.broadcasts.counting import Waterfall, waterfalls
from engage_cli.broadcasts.freezing import find_recipients, recipient_count
from engage_cli.broadcasts.instants import instant_of_sending
from engage_cli.broadcasts.planning import PlannedBroadcast
from engage_cli.broadcasts.winning import find_winner
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine, InputFile, Staging
from engage_cli.errors import EngageError
from engage_cli.journeys.outcomes import make_no_outcomes, make_outcomes, suppress_by_outcomes
from engage_cli.journeys.setting import lay_recorded, set_traits
from engage_cli.journeys.standing import make_instance_users
from engage_cli.messaging.policy.due import Campaigns
from engage_cli.outputs.folder import run_path
from engage_cli.outputs.rejects import write_rejects
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import has_outcomes, with_outcomes
from engage_cli.records import replace
from engage_cli.service.broadcast_expect import broken_expectation
from engage_cli.service.broadcast_plans import ByHand, Plans, broadcast_named, broadcasts_under_way, essence, plan_broadcasts, row_of
from engage_cli.service.broadcast_results import BroadcastChange, BroadcastsResult, Refused
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.imported import sources_with_imported
from engage_cli.service.ledgers import lay_moment_ledger
from engage_cli.service.policy import Policy, decide_due, plan_policy, sending_of
from engage_cli.service.progress import Progress, Timed
from engage_cli.service.reading import read_dated
from engage_cli.service.results.common import DataReport
from engage_cli.service.running import Opened, run_locked
from engage_cli.service.signing_key import require_key
from engage_cli.service.trait_sets import make_traits
from engage_cli.service.workspace import engine_for, load, report_of, with_tables_of
from engage_cli.service.writing import write_and_commit
from engage_cli.state.broadcasts import broadcast_rows, commit_broadcasts, waiting_counts
from engage_cli.state.hashes import digest
from engage_cli.state.inputs import vanished_files
from engage_cli.state.instants import read
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import Run, next_run
from engage_cli.state.store import State, open_published, scratch_state

COMMAND = "broadcast send"


class Request(Struct, frozen=True):
    """One run of broadcasts, as it was asked for: of all (`names` None) but a few, or `by_hand` of one."""

    project: Project
    folder: Path
    names: tuple[str, ...] | None
    as_of: datetime
    by_hand: ByHand | None
    dry_run: bool
    strict: bool
    file_format: str | None
    progress: Progress
    samples: int = 0
    left: tuple[str, ...] = ()
    but: frozenset[str] = frozenset()


class Found(Struct, frozen=True):
    """What a run found, not committed: the broadcasts that it goes on with, those refused, and what was decided (`p_message`, `p_told`)."""

    plans: tuple[PlannedBroadcast, ...]
    refused: tuple[Refused, ...]
    winners: dict[str, str]
    policy: Policy
    staging: Staging
    files: tuple[InputFile, ...]
    vanished: tuple[InputFile, ...]

    @property
    def campaigns(self) -> Campaigns:
        """Whose candidates are decided about."""
        return campaigns_of(self.plans)


def campaigns_of(plans: Sequence[PlannedBroadcast]) -> Campaigns:
    """Whose candidates a run of these decides about."""
    return Campaigns(broadcasts=[plan.name for plan in plans], stopped=[("broadcast", plan.name) for plan in plans if plan.stopped])


def send_broadcast(
    folder: Path,
    name: str,
    *,
    as_of: datetime | None,
    now: bool = False,
    strict: bool = False,
    wait: float = 30.0,
    file_format: str | None = None,
    progress: Progress,
) -> BroadcastsResult:
    """Send a broadcast, or go on with it, as of an instant (None: now). `now`: also before its `send_at`, to everybody at once.

    Raises UsageError for an unknown name, an instant before its own or its clock; EngageError for a draft, one that was cancelled, or where
    more or fewer people would get it than it expects. Sent again to everybody it does nothing.
    """
    project = load(folder)
    if name not in project.broadcasts:  # before anything of a run is there
        with engine_for(project, folder) as engine:
            broadcast_named(project, name, broadcast_rows(open_published(engine, folder / project.config.state)))
    instant = resolve_as_of(as_of, project.config.timezone)
    request = Request(project, folder, (name,), instant, ByHand(now), False, strict, file_format, progress)
    result = run_broadcasts(request, wait=wait)
    if result.refused:
        raise EngageError(result.refused[0].message, hint=result.refused[0].hint)
    return result


def run_broadcasts(request: Request, *, wait: float = 30.0, locked: bool = False) -> BroadcastsResult:
    """Do what is due of broadcasts. `locked`: the caller holds the lock. A dry run computes the same and writes nothing."""
    timed = Timed(request.progress)
    request = replace(request, progress=timed)
    if request.dry_run:
        with engine_for(request.project, request.folder) as engine:
            state = open_published(engine, request.folder / request.project.config.state) or scratch_state(engine, tool_version=__version__)
            return replace(_run(request, engine, state), timings=timed.timings)

    def work(opened: Opened) -> BroadcastsResult:
        told = _run(replace(request, left=opened.left), opened.engine, opened.state)
        return replace(told, recovered=opened.recovered, timings=timed.timings)

    return run_locked(request.project, request.folder, COMMAND, wait, work, locked=locked)


def _run(request: Request, engine: Engine, state: State) -> BroadcastsResult:
    names = request.names if request.names is not None else broadcasts_under_way(request.project, state, request.but)
    plans = plan_broadcasts(request.project, state, names, request.as_of, request.by_hand, dry_run=request.dry_run)
    if not plans.due:
        return BroadcastsResult(request.as_of, request.dry_run, None, (), plans.idle, (), DataReport())
    found = find(request, engine, state, plans)
    rejects = None
    if not request.dry_run:
        rejects = write_rejects(engine, found.staging.rejects, request.folder / request.project.config.outputs)
    report = report_of(found.staging, rejects_file=rejects, vanished=found.vanished, left=request.left)
    if request.dry_run or not found.plans:
        changes = changes_of(request, engine, state, found, with_run=True)
        sampled = _samples(engine, request.samples) if request.samples else {}
        return BroadcastsResult(request.as_of, request.dry_run, None, changes, plans.idle, (), report, found.refused, samples=sampled)
    with request.progress.stage("writing"):
        run, run_files = _commit(request, engine, state, found)
    written = (Path(request.project.config.outputs) / run_path(run),) if run_files else ()
    changes = changes_of(request, engine, state, found, with_run=False)
    return BroadcastsResult(request.as_of, False, run.name, changes, plans.idle, written, report, found.refused)


def as_looked_at(project: Project, state: State, name: str, as_of: datetime, *, now: bool) -> datetime:
    """The instant of a dry run of one broadcast: before its own instant of sending that one, unless it is sent `now`, or was before."""
    rows = broadcast_rows(state)
    sending_at = instant_of_sending(broadcast_named(project, name, rows), project.config.timezone)
    return as_of if now or name in rows or sending_at is None else max(as_of, sending_at)


def find(request: Request, engine: Engine, state: State, plans: Plans) -> Found:
    """Find the recipients, winners and times of what is due, and decide about everybody whose time has come."""
    project, as_of, progress = request.project, request.as_of, request.progress
    config = project.config
    policy = plan_policy(project, state, [sending_of(send) for plan in plans.due for send in plan.broadcast.messages])
    if not request.dry_run:
        require_key(project, policy.sendings)
    needs = Needs(as_of, config.timezone, dated=True, set_traits=set_traits(engine))
    for plan in plans.due:
        needs = plan.needs(needs, project)
    moments = [plan.moments for plan in plans.due]
    needs = with_outcomes(policy.needs(with_tables_of(needs, moments, config.sources)), config.messaging.outcomes)
    with progress.stage("looking for input files"):
        files = engine.input_files(config.sources, needs.lists)
    vanished = vanished_files(state, sources_with_imported(config), files)
    if not request.dry_run:
        engine.keep_files(config.sources)
    with progress.stage("reading events and profiles"):
        staging = read_dated(engine, state, project, request.folder, needs, moments, as_of, dry_run=request.dry_run, strict=request.strict)
    joined = config.sources.identity is not None
    make_instance_users(engine, joined=joined)
    if needs.set_traits:
        lay_recorded(engine, needs.traits, config.timezone, joined=joined)
        make_traits(engine, as_of)
    if has_outcomes(needs, config.messaging.outcomes):
        make_outcomes(engine, staging.catalog, config.messaging.outcomes)
    else:
        make_no_outcomes(engine)
    lay_moment_ledger(engine, moments)
    with progress.stage("finding who gets it"):
        going, refused, winners = _make_candidates(request, engine, plans, staging)
    suppress_by_outcomes(engine)
    engine.execute("CREATE OR REPLACE TEMP TABLE instance_end (instance BIGINT, ended_at TIMESTAMP, reason VARCHAR)")
    with progress.stage("deciding about messages"):
        decide_due(engine, policy, staging.catalog, as_of, campaigns_of(going))
    return Found(going, refused, winners, policy, staging, files, vanished)


def _make_candidates(
    request: Request, engine: Engine, plans: Plans, staging: Staging
) -> tuple[tuple[PlannedBroadcast, ...], tuple[Refused, ...], dict[str, str]]:
    """Make `p_made`; the broadcasts that go on, those refused, and the winners that are known now."""
    hours, as_of = request.project.config.messaging.quiet_hours, request.as_of
    going, refused, winners = [], [], {}
    waiting.begin(engine)
    for plan in plans.due:
        if plan.row is None:
            find_recipients(engine, plan, staging.catalog, as_of)
            broken = broken_expectation(plan.broadcast, *recipient_count(engine))
            if broken is not None:
                refused.append(broken)
                if not (request.dry_run and request.by_hand):
                    continue
            waiting.add_recipients(engine, plan, hours)
        going.append(plan)
        settled = plan.settles(as_of) and plan.broadcast.winner is not None
        if settled:
            winners[plan.name] = find_winner(engine, plan, staging.catalog)
            if plan.row is not None:
                waiting.find_rest(engine, plan)
        if settled or plan.row is None:
            waiting.add_rest(engine, plan, winners.get(plan.name), hours)
    waiting.finish(engine)
    return tuple(going), tuple(refused), winners


def _commit(request: Request, engine: Engine, state: State, found: Found) -> tuple[Run, Sequence[RunFile]]:
    """Write the files of a run and make it history."""
    config = request.project.config
    definitions = [
        (plan.name, digest(essence(plan.broadcast), plan.instant.isoformat(), found.winners.get(plan.name))) for plan in found.plans
    ]
    run = next_run(state, COMMAND, request.as_of, __version__, definitions, found.files)
    rows = [row_of(plan, request.as_of, found.winners.get(plan.name), run.number) for plan in found.plans]

    def commit(run_files: Sequence[RunFile], pending: Sequence[Pending]) -> None:
        commit_broadcasts(state, run, found.files, rows, run_files=run_files, pending=pending)

    for name in _STAGED:
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    outputs = request.folder / config.outputs
    return run, write_and_commit(state, run, commit, config.destinations, outputs, file_format=request.file_format)


# ---- what is told ----------------------------------------------------------------------------------------------------


def changes_of(request: Request, engine: Engine, state: State, found: Found, *, with_run: bool) -> tuple[BroadcastChange, ...]:
    """What the run did with each broadcast. `with_run`: it is not committed."""
    names = [plan.name for plan in found.plans]
    counted = waterfalls(engine, names, with_run=with_run)
    decided = {str(name): (int(sent), int(skipped)) for name, sent, skipped in engine.rows(_DECIDED)}
    nexts = _next_instants(engine, state, found, with_run=with_run)
    return tuple(
        BroadcastChange(
            name=plan.name,
            sending_at=plan.instant,
            is_new=plan.row is None,
            waterfall=counted.get(plan.name, Waterfall()),
            sent=decided.get(plan.name, (0, 0))[0],
            skipped=decided.get(plan.name, (0, 0))[1],
            winner=found.winners.get(plan.name),
            next_at=nexts.get(plan.name),
            warning=_warning(plan),
        )
        for plan in found.plans
    )


def _next_instants(engine: Engine, state: State, found: Found, *, with_run: bool) -> dict[str, datetime]:
    """By broadcast when the next of those deferred is due, or its test is decided."""
    if with_run:
        rows = [(str(name), None if first is None else read(first), bool(more)) for name, first, more in engine.rows(_NEXT)]
    else:
        rows = [(name, one.first, bool(one.open)) for name, one in waiting_counts(state).items()]
    decided_at = {plan.name: plan.decided_at for plan in found.plans}
    known = {name: [first, decided_at.get(name) if more else None] for name, first, more in rows}
    return {name: min(at for at in instants if at is not None) for name, instants in known.items() if any(instants)}


def _warning(plan: PlannedBroadcast) -> str | None:
    if plan.stopped:
        return "it is a draft, or gone from the project: who waits is skipped when their time comes"
    if plan.edited:
        return "its definition was edited since it was sent: what waits goes as it was then"
    return None


def _samples(engine: Engine, most: int) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, user_id in engine.rows(_SAMPLES, [most]):
        found.setdefault(str(name), []).append(str(user_id))
    return {name: tuple(users) for name, users in found.items()}


# What was read of a million people takes room, and when it is written what was decided nobody looks at it any more.
_STAGED = ("traits", "trait_history", "consents", "consent_history")
# Of somebody with several addresses one message is enough.
_DECIDED = """
    WITH one AS (
        SELECT m.campaign, m.candidate_id, bool_or(m.reason IS NULL AND u.message_id IS NULL) AS sent
        FROM p_message AS m LEFT JOIN unrendered AS u USING (message_id) WHERE m.kind = 'broadcast' GROUP BY ALL
    )
    SELECT campaign, count(*) FILTER (sent), count(*) FILTER (NOT sent) FROM one GROUP BY campaign
"""
_NEXT = """
    SELECT campaign, min(send_at), count(*) FILTER (send_at IS NULL) > 0 FROM (
        SELECT campaign, candidate_id, send_at FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
            ANTI JOIN p_made USING (candidate_id) WHERE campaign_kind = 'broadcast'
        UNION ALL SELECT campaign, candidate_id, send_at FROM p_made WHERE kind = 'broadcast'
    ) ANTI JOIN p_due USING (candidate_id) GROUP BY campaign
"""
_SAMPLES = """
    SELECT campaign, user_id FROM p_message WHERE kind = 'broadcast' AND reason IS NULL
    QUALIFY row_number() OVER (PARTITION BY campaign ORDER BY send_at, message_id) <= ? ORDER BY campaign, send_at, message_id
"""
