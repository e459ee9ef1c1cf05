"""`journey tick`: let people enter and move through journeys up to an instant, commit, and write the files."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path

from msgspec import Struct

from engage_cli import __version__
from engage_cli.definitions.journey import JourneyStatus
from engage_cli.definitions.journey_reads import journey_reads
from engage_cli.definitions.journey_steps import Send
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine, InputFile, Staging
from engage_cli.errors import UsageError
from engage_cli.journeys.candidates import add_candidates, make_ends
from engage_cli.journeys.needs import needs_of_editions
from engage_cli.journeys.outcomes import suppress_by_outcomes
from engage_cli.journeys.samples import sample_journeys
from engage_cli.journeys.setting import lay_over, set_traits
from engage_cli.messaging.policy.due import Campaigns
from engage_cli.messaging.policy.timing import make_no_candidates, move_out_of_quiet
from engage_cli.outputs.folder import run_path
from engage_cli.outputs.rejects import write_rejects
from engage_cli.outputs.syncs import Asked, Syncs
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.records import replace
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.imported import sources_with_imported
from engage_cli.service.journey_lists import find_lists, plan_lists
from engage_cli.service.policy import Policy, decide_due, plan_policy, sending_of
from engage_cli.service.progress import Progress, Timed
from engage_cli.service.reading import read_dated
from engage_cli.service.results.common import DataReport
from engage_cli.service.results.journeys import JourneyChange, MessageCount, TickResult
from engage_cli.service.running import Opened, run_locked
from engage_cli.service.signing_key import require_key
from engage_cli.service.sync_changes import sync_change
from engage_cli.service.tick_plans import MOVING, Plan, is_due, late_window, plan_ticks
from engage_cli.service.tick_walks import perform
from engage_cli.service.trait_sets import make_traits
from engage_cli.service.workspace import engine_for, load, report_of, with_tables_of
from engage_cli.service.writing import write_and_commit
from engage_cli.source import did_you_mean, visible
from engage_cli.state.hashes import hash_of_files
from engage_cli.state.inputs import vanished_files
from engage_cli.state.journeys import JourneyClock, journey_clocks, journey_counts
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import Run, next_run
from engage_cli.state.store import State, open_published, scratch_state
from engage_cli.state.ticks import commit_tick

COMMAND = "journey tick"


class _Request(Struct, frozen=True):
    """One tick, as it was asked for."""

    project: Project
    folder: Path
    names: tuple[str, ...]
    as_of: datetime
    dry_run: bool
    strict: bool
    allow_change: bool
    file_format: str | None
    progress: Progress
    samples: int = 0
    left: tuple[str, ...] = ()


def tick_journeys(
    folder: Path,
    names: Sequence[str],
    *,
    as_of: datetime | None,
    dry_run: bool = False,
    strict: bool = False,
    wait: float = 30.0,
    allow_change: bool = False,
    file_format: str | None = None,
    samples: int = 0,
    locked: bool = False,
    progress: Progress,
) -> TickResult:
    """Tick journeys, all where none is named, up to an instant (None: now). `allow_change`: what `guard` would hold back goes out, too.
    `file_format`: of the files of messages (None: jsonl). `samples`: so much of what happens is told in the result. `locked`: the caller
    holds the lock.

    Raises InvalidError for definitions, DataError for data that cannot be read, LockedError where another run goes on, UsageError for an
    unknown name or an instant before a journey's clock. A dry run computes the same and writes nothing.
    """
    project = load(folder)
    timed = Timed(progress)
    request = _Request(
        project,
        folder,
        chosen_journeys(project, names),
        resolve_as_of(as_of, project.config.timezone),
        dry_run,
        strict,
        allow_change,
        file_format,
        timed,
        samples,
    )
    if dry_run:
        with engine_for(project, folder) as engine:
            state = open_published(engine, folder / project.config.state) or scratch_state(engine, tool_version=__version__)
            return replace(_tick(request, engine, state), timings=timed.timings)

    def work(opened: Opened) -> TickResult:
        told = _tick(replace(request, left=opened.left), opened.engine, opened.state)
        return replace(told, recovered=opened.recovered, timings=timed.timings)

    return run_locked(project, folder, COMMAND, wait, work, locked=locked)


def chosen_journeys(project: Project, names: Sequence[str]) -> tuple[str, ...]:
    """The journeys asked for, all where none is named."""
    unknown = [name for name in names if name not in project.journeys]
    if unknown:
        hint = did_you_mean(unknown[0], project.journeys) or "`engage journey list` shows them all"
        raise UsageError(f"there is no journey `{visible(unknown[0])}`", hint=hint)
    if not project.journeys:
        raise UsageError("the project has no journeys", hint="write one in campaigns/journeys/, see docs/journeys.md")
    wanted = frozenset(names) or frozenset(project.journeys)
    return tuple(name for name in in_order(project) if name in wanted)


def in_order(project: Project) -> tuple[str, ...]:
    """All journeys, each after those that it reads."""
    reads = journey_reads(project.journeys, project.audiences, project.traits)
    sorter = TopologicalSorter({name: sorted(others) for name, others in sorted(reads.items())})
    return tuple(sorter.static_order())


def _tick(request: _Request, engine: Engine, state: State) -> TickResult:
    project, folder, as_of, dry_run, progress = request.project, request.folder, request.as_of, request.dry_run, request.progress
    config = project.config
    plans = plan_ticks(project, state, request.names, as_of, dry_run=dry_run)
    editions = [edition for plan in plans for edition in plan.editions]
    lists = plan_lists(project, state, [edition.journey for edition in editions], as_of)
    base = Needs(as_of, config.timezone, set_traits=set_traits(engine))
    needs = needs_of_editions(base, editions, as_of).with_also(lists.plan.needs)
    needs = with_tables_of(needs, [edition.plan for edition in editions], config.sources)
    policy = plan_policy(
        project, state, [sending_of(step) for one in editions for step in one.journey.all_steps() if isinstance(step, Send)]
    )
    needs = policy.needs(needs)
    if policy.consented:
        needs = with_outcomes(needs, config.messaging.outcomes)  # whoever may be written to may have bounced
    with progress.stage("looking for input files"):
        files = engine.input_files(config.sources, needs.lists)
    vanished = vanished_files(state, sources_with_imported(config), files)
    if not dry_run:
        engine.keep_files(config.sources)
    inputs = hash_of_files(files)
    due = [plan for plan in plans if is_due(plan, as_of, inputs)]
    unchanged = tuple(plan.journey.name for plan in plans if not is_due(plan, as_of, inputs))
    if not due and not lists.overdue:
        return TickResult(as_of, dry_run, None, (), unchanged, (), DataReport(files=files))
    if due and not dry_run:
        require_key(project, policy.sendings)
    moments = [edition.plan for plan in due for edition in plan.editions]
    with progress.stage("reading events and profiles"):
        planned = frozenset(plan.journey.name for plan in plans if plan.status in MOVING)
        staging = read_dated(engine, state, project, folder, needs, moments, as_of, dry_run=dry_run, strict=request.strict, planned=planned)
    rejects = None if dry_run else write_rejects(engine, staging.rejects, folder / config.outputs)
    with progress.stage("ticking journeys"):
        perform(engine, project, due, staging, needs, as_of, files, inputs)
    with progress.stage("deciding about messages"):
        messages = _decide(engine, policy, due, staging, as_of)
    if lists.lists:
        lay_over(engine, needs.traits, config.timezone)
        make_traits(engine, as_of)
    counts = journey_counts(engine)
    changes = tuple(JourneyChange(plan.journey.name, *counts.get(plan.journey.name, (0, 0, 0, 0))) for plan in due)
    report = report_of(staging, rejects_file=rejects, vanished=vanished, left=request.left)
    sampled = sample_journeys(engine, request.samples) if request.samples else {}
    run = next_run(state, COMMAND, as_of, __version__, [(plan.journey.name, plan.definition) for plan in due], files)
    with progress.stage("looking at what lists know"):
        asked = Asked(allow_change=request.allow_change)
        syncs = find_lists(engine, state, lists, staging.catalog, as_of, run=run.number, asked=asked)
    told = tuple(sync_change(telling) for telling in syncs.tellings)
    if dry_run or not (due or syncs.known):
        return TickResult(as_of, dry_run, None, changes, unchanged, (), report, told, samples=sampled, messages=messages)
    with progress.stage("writing"):
        run_files = _commit(request, state, run, due, files, inputs, syncs)
    written = (Path(config.outputs) / run_path(run),) if run_files else ()
    return TickResult(as_of, False, run.name, changes, unchanged, written, report, told, samples=sampled, messages=messages)


def _commit(
    request: _Request, state: State, run: Run, due: Sequence[Plan], files: Sequence[InputFile], inputs: str, syncs: Syncs
) -> Sequence[RunFile]:
    """Write the files of a tick and make it history; the files of its folder."""
    config = request.project.config
    clocks = [clock_of(plan, request.as_of, inputs, run) for plan in due]
    versions = [plan.new_version for plan in due if plan.new_version is not None]
    closed = [(plan.journey.name, plan.closed) for plan in due if plan.closed is not None]
    until = _seen_until(state, clocks, late_window(request.project))

    def commit(run_files: Sequence[RunFile], pending: Sequence[Pending]) -> None:
        commit_tick(
            state,
            run,
            files,
            clocks,
            versions,
            closed=closed,
            seen_until=until,
            run_files=run_files,
            pending=pending,
            syncs=syncs.known,
        )

    outputs = request.folder / config.outputs
    return write_and_commit(
        state, run, commit, config.destinations, outputs, syncs=syncs, file_format=request.file_format, with_events=True
    )


def _decide(engine: Engine, policy: Policy, plans: Sequence[Plan], staging: Staging, as_of: datetime) -> tuple[MessageCount, ...]:
    """Give the candidates that the walks made their `send_at`, and decide about all that are due."""
    make_no_candidates(engine)
    add_candidates(engine)
    move_out_of_quiet(engine, policy.project.config.messaging.quiet_hours)
    make_ends(engine)
    if policy.consented:
        suppress_by_outcomes(engine)
    names = [plan.journey.name for plan in plans]
    stopped = [("journey", plan.journey.name) for plan in plans if plan.status in (JourneyStatus.DRAFT, JourneyStatus.ARCHIVED)]
    return decide_due(engine, policy, staging.catalog, as_of, Campaigns(names, stopped=stopped))


def clock_of(plan: Plan, as_of: datetime, inputs: str, run: Run) -> JourneyClock:
    """The clock of a journey after a tick."""
    return JourneyClock(plan.journey.name, as_of, plan.since, plan.editions[-1].version, plan.definition, inputs, run.number)


def _seen_until(state: State, clocks: Sequence[JourneyClock], window: timedelta) -> datetime:
    """The instant up to which nobody asks any more when an event came in."""
    standing = {**{name: clock.as_of for name, clock in journey_clocks(state).items()}, **{clock.journey: clock.as_of for clock in clocks}}
    return min(standing.values()) - window
