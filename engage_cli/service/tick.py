"""`journey tick`: let people enter and move through journeys up to an instant, commit, and write the files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path

from engage_cli import __version__
from engage_cli.definitions.journey import Journey, JourneyStatus, Send
from engage_cli.definitions.journey_graph import waits
from engage_cli.definitions.journey_reads import journey_reads
from engage_cli.definitions.printing import print_audience, print_trait
from engage_cli.definitions.printing_journey import print_journey
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import read_kept_journey
from engage_cli.engine.base import Engine, Staging
from engage_cli.errors import UsageError
from engage_cli.journeys.candidates import add_candidates, make_ends
from engage_cli.journeys.edition import Edition
from engage_cli.journeys.entering import since_of
from engage_cli.journeys.idling import busy_ones
from engage_cli.journeys.ledger import make_ledger
from engage_cli.journeys.needs import needs_of_editions
from engage_cli.journeys.outcomes import make_no_outcomes, make_outcomes, suppress_by_outcomes
from engage_cli.journeys.results import make_results
from engage_cli.journeys.samples import sample_journeys
from engage_cli.journeys.seeing import make_seen
from engage_cli.journeys.setting import forget_sets_of_walk, lay_over, lay_recorded, set_traits
from engage_cli.journeys.settings import make_settings
from engage_cli.journeys.standing import change_edition, make_standing
from engage_cli.journeys.tick import Tick
from engage_cli.journeys.walk import paths
from engage_cli.journeys.work import make_tables
from engage_cli.messaging.policy.timing import make_no_candidates, move_out_of_quiet
from engage_cli.outputs.folder import run_path
from engage_cli.outputs.publish import discard, publish
from engage_cli.outputs.rejects import write_rejects
from engage_cli.outputs.syncs import Asked
from engage_cli.outputs.ticks import stage_events, stage_told, write_told
from engage_cli.plan.instants import seconds_of
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import has_outcomes, with_outcomes
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.editions import edition_in
from engage_cli.service.imported import sources_with_imported
from engage_cli.service.journey_lists import find_lists, plan_lists
from engage_cli.service.policy import Policy, decide_due, plan_policy, sending_of
from engage_cli.service.progress import Progress, Timed
from engage_cli.service.results import DataReport, JourneyChange, MessageCount, TickResult
from engage_cli.service.running import Opened, run_locked
from engage_cli.service.sync_changes import sync_change
from engage_cli.service.trait_courses import make_trait_courses
from engage_cli.service.trait_sets import make_traits
from engage_cli.service.workspace import engine_for, load, needs_of_all, report_of, with_tables_of, writable_folders
from engage_cli.source import did_you_mean, visible
from engage_cli.state.hashes import digest, hash_of_files
from engage_cli.state.inputs import vanished_files
from engage_cli.state.instants import iso
from engage_cli.state.journey_hands import MICROSECOND
from engage_cli.state.journey_readers import HandStatus, hand_statuses
from engage_cli.state.journeys import (
    JourneyClock,
    KeptVersion,
    journey_clocks,
    journey_counts,
    kept_versions,
    open_versions,
    pauses_of,
)
from engage_cli.state.runs import Run, next_run
from engage_cli.state.store import State, open_published, scratch_state
from engage_cli.state.ticks import commit_tick

COMMAND = "journey tick"
MOVING = (JourneyStatus.LIVE, JourneyStatus.PAUSED)
"""The statuses in which people go on. Of a pause the stretches in which nobody enters are kept."""


Pauses = tuple[tuple[datetime, datetime | None], ...]


@dataclass(frozen=True)
class Plan:
    """What a tick will do with one journey: its clock before, the editions that somebody is in or enters, and what the next clock says.

    `status` is the stricter of what the file says and what a command said.
    """

    journey: Journey
    clock: JourneyClock | None
    since: datetime
    editions: tuple[Edition, ...]
    new_version: KeptVersion | None
    status: JourneyStatus
    definition: str
    before: Edition | None
    """The edition that was entered before this one, where this one is new."""
    pauses: Pauses = ()
    closed: datetime | None = None
    """From when on nobody enters up to this tick's instant, because the file says so; None where it does not."""


@dataclass(frozen=True)
class _Request:
    """One tick, as it was asked for."""

    project: Project
    folder: Path
    names: tuple[str, ...]
    as_of: datetime
    dry_run: bool
    strict: bool
    allow_change: bool
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
    samples: int = 0,
    locked: bool = False,
    progress: Progress,
) -> TickResult:
    """Tick journeys, all where none is named, up to an instant (None: now). `allow_change`: what `guard` would hold back goes out, too.
    `samples`: so much of what happens is told in the result. `locked`: the caller holds the lock.

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
    due = [plan for plan in plans if _is_due(plan, as_of, inputs)]
    unchanged = tuple(plan.journey.name for plan in plans if plan not in due)
    if not due and not lists.overdue:
        return TickResult(as_of, dry_run, None, (), unchanged, (), DataReport(files=files))
    moments = [edition.plan for plan in due for edition in plan.editions]
    with progress.stage("reading events and profiles"):
        keep = None if dry_run else needs_of_all(project, as_of).with_also(needs)
        staging = engine.stage(config.sources, needs, keep)
    recorded = sorted(frozenset().union(*(one.recorded for one in moments)))
    engine.seal(writable_folders(project, folder))
    if recorded:
        lay_recorded(engine, needs.traits, config.timezone, joined=config.sources.identity is not None)
        make_traits(engine, as_of)
    make_trait_courses(engine, state, project, staging.catalog, recorded, as_of)
    rejects = None if dry_run else write_rejects(engine, staging.rejects, folder / config.outputs)
    with progress.stage("ticking journeys"):
        perform(engine, project, due, staging, needs, as_of, inputs)
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
    clocks = [clock_of(plan, as_of, inputs, run) for plan in due]
    versions = [plan.new_version for plan in due if plan.new_version is not None]
    outputs = folder / config.outputs
    with progress.stage("writing"):
        try:
            stage_told(engine, syncs)
            stage_events(engine)
            run_files, pending = write_told(engine, run, config.destinations, outputs, syncs=syncs)
            until = _seen_until(state, clocks, late_window(project))
            closed = [(plan.journey.name, plan.closed) for plan in due if plan.closed is not None]
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
        except BaseException:
            discard(outputs, [run_path(run)])
            raise
        publish(state, outputs)
    written = (Path(config.outputs) / run_path(run),) if run_files else ()
    return TickResult(as_of, False, run.name, changes, unchanged, written, report, told, samples=sampled, messages=messages)


def _decide(engine: Engine, policy: Policy, plans: Sequence[Plan], staging: Staging, as_of: datetime) -> tuple[MessageCount, ...]:
    """Give the candidates that the walks made their `send_at`, and decide about all that are due."""
    make_no_candidates(engine)
    add_candidates(engine)
    move_out_of_quiet(engine, policy.project.config.messaging.quiet_hours)
    make_ends(engine)
    if policy.consented:
        suppress_by_outcomes(engine)
    names = [plan.journey.name for plan in plans]
    stopped = [plan.journey.name for plan in plans if plan.status in (JourneyStatus.DRAFT, JourneyStatus.ARCHIVED)]
    return decide_due(engine, policy, staging.catalog, as_of, names, stopped)


def late_window(project: Project) -> timedelta:
    """How long before a journey's clock an event may lie that comes in late."""
    return timedelta(seconds=seconds_of(project.config.late_window))


def _is_due(plan: Plan, as_of: datetime, inputs: str) -> bool:
    clock = plan.clock
    return clock is None or (clock.as_of, clock.definition, clock.inputs) != (as_of, plan.definition, inputs)


def clock_of(plan: Plan, as_of: datetime, inputs: str, run: Run) -> JourneyClock:
    """The clock of a journey after a tick."""
    return JourneyClock(plan.journey.name, as_of, plan.since, plan.editions[-1].version, plan.definition, inputs, run.number)


def _seen_until(state: State, clocks: Sequence[JourneyClock], window: timedelta) -> datetime:
    """The instant up to which nobody asks any more when an event came in."""
    standing = {**{name: clock.as_of for name, clock in journey_clocks(state).items()}, **{clock.journey: clock.as_of for clock in clocks}}
    return min(standing.values()) - window


def plan_ticks(project: Project, state: State, names: Sequence[str], as_of: datetime, *, dry_run: bool) -> list[Plan]:
    """What a tick will do with each journey."""
    clocks, versions, standing, pauses = journey_clocks(state), kept_versions(state), open_versions(state), pauses_of(state)
    plans, beside, hands = [], _beside(project), hand_statuses(state, as_of)
    for name in names:
        journey, clock, kept = project.journeys[name], clocks.get(name), versions.get(name, [])
        status = stricter(journey.status, hands.get(name))
        if clock is None and status is not JourneyStatus.LIVE:
            continue
        if clock is not None and as_of < clock.as_of and not dry_run:
            raise UsageError(
                f"`{name}` was ticked as of {iso(clock.as_of)}, which is after --as-of {iso(as_of)}; a journey only moves forward in time",
                hint="ask for a later instant, or look at an earlier one with --dry-run",
            )
        inside, closed = standing.get(name, set()), tuple(pauses.get(name, ()))
        plans.append(_plan(project, journey, clock, kept, inside, closed, as_of, beside, status))
    return plans


def stricter(status: JourneyStatus, hand: HandStatus | None) -> JourneyStatus:
    """What holds of a journey by its file's status and the last command."""
    said = JourneyStatus.LIVE if hand is None else JourneyStatus(hand.status)
    order = (JourneyStatus.LIVE, JourneyStatus.PAUSED, JourneyStatus.ARCHIVED, JourneyStatus.DRAFT)
    return max(status, said, key=order.index)


def _plan(
    project: Project,
    journey: Journey,
    clock: JourneyClock | None,
    kept: Sequence[KeptVersion],
    standing: set[int],
    pauses: Pauses,
    as_of: datetime,
    beside: tuple[str, ...],
    status: JourneyStatus,
) -> Plan:
    file_status = journey.status
    if status not in MOVING:  # who stands still takes no new edition
        journey = read_kept_journey(kept[-1].definition)
    text, meaning = print_journey(_essence(journey)), meaning_of(journey)
    zone = project.config.timezone
    since = since_of(journey, as_of if clock is None else clock.since, zone) if clock is None else clock.since
    new_version = None
    number = kept[-1].version if kept else 0
    if not kept or kept[-1].hash != meaning:
        number += 1
        new_version = KeptVersion(journey.name, number, text, meaning, clock.as_of if clock is not None else since)
    older = [one for one in kept if one.version in standing and one.version != number]
    editions = [edition_in(project, read_kept_journey(one.definition), one.version) for one in older]
    before = next(
        (edition_in(project, read_kept_journey(one.definition), one.version) for one in kept[-1:] if new_version is not None), None
    )
    newest = edition_in(project, journey, number)
    closed = None
    if clock is not None and (file_status is not JourneyStatus.LIVE or status not in MOVING):
        closed = clock.as_of + MICROSECOND
        pauses = (*pauses, (closed, as_of + MICROSECOND))
    definition = _definition(project, status, text, beside)
    return Plan(journey, clock, since, (*editions, newest), new_version, status, definition, before, pauses, closed)


def meaning_of(journey: Journey) -> str:
    """A hash of what makes an edition of a journey: its text without description and status."""
    return digest(print_journey(_essence(journey)))


def _essence(journey: Journey) -> Journey:
    """A journey without what makes no new edition of it."""
    return replace(journey, description="", status=JourneyStatus.LIVE)


def _beside(project: Project) -> tuple[str, ...]:
    """The texts of all definitions that a journey may rest on."""
    audiences = [print_audience(replace(one, description="")) for one in project.audiences.values()]
    forgotten = project.config.sources.forgotten.digest
    traits = [print_trait(replace(one, description="")) for one in project.traits.values()]
    return (*audiences, *traits, *([forgotten] if forgotten else []))


def _definition(project: Project, status: JourneyStatus, text: str, beside: tuple[str, ...]) -> str:
    """A hash of all that a tick of a journey rests on but the data."""
    return digest(text, status.value, *beside, project.config.timezone, str(project.config.late_window))


def perform(
    engine: Engine, project: Project, plans: Sequence[Plan], staging: Staging, needs: Needs, as_of: datetime, inputs: str = ""
) -> None:
    """Find all that happens to the journeys, in their order. `inputs`: the hash of the files that are read."""
    config, window = project.config, late_window(project)
    make_results(engine)
    make_standing(engine, joined=config.sources.identity is not None)
    make_tables(engine)
    outcomes = config.messaging.outcomes
    if has_outcomes(needs, outcomes):
        make_outcomes(engine, staging.catalog, outcomes)
    else:
        make_no_outcomes(engine)
    make_ledger(engine)
    forget_sets_of_walk(engine)
    lay_over(engine, needs.traits, config.timezone)
    ticks = []
    for place, plan in enumerate(plans):
        _change_edition(engine, plan)
        new_files = plan.clock is None or plan.clock.inputs != inputs
        ticks.append(_tick_of(engine, project, plan, staging, needs, as_of, place, new_files=new_files))
    edited = frozenset(plan.journey.name for plan in plans if plan.new_version is not None)
    busy = busy_ones(engine, ticks, edited=edited, joined=config.sources.identity is not None)
    for tick in ticks:
        if tick.name in busy:
            tick.run()
    make_settings(engine, [edition for plan in plans for edition in plan.editions if plan.journey.name in busy])
    names = {name for plan in plans for edition in plan.editions for name in edition.names}
    make_seen(engine, sorted(names), staging.catalog, config.timezone, _unseen_from(plans, inputs, as_of - window), as_of)


def _unseen_from(plans: Sequence[Plan], inputs: str, low: datetime) -> datetime:
    """After which instant there may be events that no tick saw: where all is as at the last tick of each journey, after that."""
    clocks = [plan.clock for plan in plans]
    if clocks and all(clock is not None and clock.inputs == inputs for clock in clocks) and not any(plan.new_version for plan in plans):
        return max(low, min(clock.as_of for clock in clocks if clock is not None))
    return low


def _change_edition(engine: Engine, plan: Plan) -> None:
    if plan.clock is not None and plan.new_version is not None:
        newest = plan.editions[-1]
        steps = [one.id for one in newest.graph.places if waits(one.node)]
        change_edition(engine, plan.journey, newest.version, plan.clock.as_of, steps, [token for token, _ in paths(newest.graph)])


def _tick_of(
    engine: Engine, project: Project, plan: Plan, staging: Staging, needs: Needs, as_of: datetime, place: int, *, new_files: bool
) -> Tick:
    newest, config = plan.editions[-1], project.config
    late = newest.names if plan.before is None else newest.names & plan.before.names
    late |= frozenset(name for edition in plan.editions[:-1] for name in edition.names)
    return Tick(
        engine=engine,
        editions=plan.editions,
        catalog=staging.catalog,
        sources=config.sources,
        zone=config.timezone,
        since=plan.since,
        last=plan.clock.as_of if plan.clock is not None else None,
        last_run=plan.clock.run if plan.clock is not None else 0,
        until=as_of,
        late_window=late_window(project),
        pauses=plan.pauses,
        moving=plan.status in MOVING,
        late_names=late,
        trait_columns=needs.traits,
        anew=plan.before is not None,
        place=place,
        new_files=new_files,
    )
