"""`journey simulate`: a journey over a stretch of the past, by ticks over a scratch state. What really happened in it does not count."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli import __version__
from engage_cli.definitions.journey import Journey, JourneyStatus
from engage_cli.definitions.journey_reads import journey_reads
from engage_cli.definitions.project import Project
from engage_cli.definitions.values import Duration, Instant
from engage_cli.engine.base import Engine, Staging
from engage_cli.errors import UsageError
from engage_cli.journeys.candidates import add_candidates
from engage_cli.journeys.needs import needs_of_editions
from engage_cli.journeys.setting import set_traits
from engage_cli.messaging.policy.timing import make_no_candidates, move_out_of_quiet
from engage_cli.plan.instants import shift, to_local
from engage_cli.plan.needs import Needs
from engage_cli.records import replace
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.journey_show import PersonInJourney, person_of
from engage_cli.service.journey_status import JourneyStanding, standing_of
from engage_cli.service.journeys import journey_named
from engage_cli.service.progress import Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.tick import clock_of
from engage_cli.service.tick_plans import Plan, plan_ticks
from engage_cli.service.tick_walks import perform
from engage_cli.service.trait_courses import make_trait_courses
from engage_cli.service.workspace import engine_for, load, refuse_rejects, report_of, with_tables_of
from engage_cli.state.hashes import hash_of_files
from engage_cli.state.instants import iso
from engage_cli.state.runs import next_run
from engage_cli.state.scratch import SendCount, people_of, scratch_beside, send_counts, take_in
from engage_cli.state.store import State, scratch_state

COMMAND = "journey simulate"
MOST_TICKS = 10_000
"""A year by the hour has fewer."""


class SendsOfDay(Struct, frozen=True):
    """How many messages were scheduled by a channel on a day in the project's zone."""

    day: date
    channel: str
    messages: int


class Simulation(Struct, frozen=True):
    """What would have become of a journey that had gone live at `since`, as of `until`, and the ways of some people."""

    journey: str
    since: datetime
    until: datetime
    standing: JourneyStanding
    sends: tuple[SendsOfDay, ...]
    people: tuple[PersonInJourney, ...]
    data: DataReport


def simulate(
    folder: Path,
    name: str,
    since: datetime,
    until: datetime,
    *,
    every: Duration | None = None,
    sample: int = 5,
    strict: bool = False,
    progress: Progress,
) -> Simulation:
    """Let a journey go live at `since`, whatever its status, and tick it up to `until`: `every` so often, or (None) once.

    Any schedule of ticks gives the same, but for conditions over undated inputs, which are asked at each tick. Of the journeys that it
    reads it sees what really happened. Nothing is written. Raises UsageError for an unknown journey, a stretch that ends before it begins,
    or more ticks than `MOST_TICKS`.
    """
    project = load(folder)
    journey, zone = journey_named(project, name), project.config.timezone
    start, end = resolve_as_of(since, zone), resolve_as_of(until, zone)
    if end < start:
        raise UsageError(f"--to {iso(end)} is before --from {iso(start)}", hint="name the earlier instant with --from")
    project = as_live(project, journey, start)
    instants = _instants(start, end, every, zone)
    with engine_for(project, folder) as engine:
        [plan] = _plans(project, scratch_state(engine, tool_version=__version__), name, end)
        engine.detach("state")
        state = scratch_beside(engine, folder / project.config.state, _others(project, name), recorded_of(plan), tool_version=__version__)
        report = _ticks(project, engine, state, plan, instants, strict=strict, progress=progress)
        people = people_of(state, name, sample)
        return Simulation(
            journey=name,
            since=start,
            until=end,
            standing=replace(standing_of(journey, state), since=start),
            sends=tuple(_by_day(send_counts(state, name), zone)),
            people=tuple(person_of(state, name, user) for user in people),
            data=report,
        )


def as_live(project: Project, journey: Journey, since: datetime) -> Project:
    """The project as if a journey had gone live then."""
    live = replace(journey, status=JourneyStatus.LIVE, entry=replace(journey.entry, since=Instant(since)))
    return replace(project, journeys={**project.journeys, journey.name: live})


def _others(project: Project, name: str) -> list[str]:
    return list(journey_reads(project.journeys, project.audiences, project.traits)[name])


def _plans(project: Project, state: State, name: str, as_of: datetime) -> list[Plan]:
    return plan_ticks(project, state, [name], as_of, dry_run=True)


def recorded_of(plan: Plan) -> list[str]:
    """The traits whose values as builds recorded them are asked for."""
    return sorted(frozenset().union(*(edition.plan.recorded for edition in plan.editions)))


def _instants(start: datetime, end: datetime, every: Duration | None, zone: str) -> list[datetime]:
    """When it is ticked: after each such stretch from the start on, and at the end."""
    found: list[datetime] = []
    if every is not None:
        for times in range(1, MOST_TICKS + 1):
            instant = shift(start, every, times, ZoneInfo(zone))
            if instant >= end:
                return [*found, end]
            found.append(instant)
        raise UsageError(f"--every {every} makes more than {MOST_TICKS} ticks", hint="name a longer one, or a shorter stretch of time")
    return [end]


def _ticks(
    project: Project, engine: Engine, state: State, plan: Plan, instants: Sequence[datetime], *, strict: bool, progress: Progress
) -> DataReport:
    """Ticks, each made the history of the scratch state. The files are read once, up to the last one."""
    sources, as_of = project.config.sources, instants[-1]
    needs = needs_of_editions(Needs(as_of, project.config.timezone, set_traits=set_traits(engine)), plan.editions, as_of)
    needs = with_tables_of(needs, [edition.plan for edition in plan.editions], sources)
    with progress.stage("looking for input files"):
        files = engine.input_files(sources, needs.lists)
    with progress.stage("reading events and profiles"):
        staging = _staged(engine, project, needs, strict)
    engine.seal([])
    make_trait_courses(engine, state, project, staging.catalog, recorded_of(plan), as_of)
    inputs = hash_of_files(files)
    with progress.stage("ticking the journey"):
        for instant in instants:
            [plan] = _plans(project, state, plan.journey.name, instant)
            perform(engine, project, [plan], staging, needs, instant, files, inputs)
            make_no_candidates(engine)
            add_candidates(engine)
            move_out_of_quiet(engine, project.config.messaging.quiet_hours)
            run = next_run(state, COMMAND, instant, __version__, [(plan.journey.name, plan.definition)], files)
            take_in(state, run, [clock_of(plan, instant, inputs, run)], [] if plan.new_version is None else [plan.new_version])
    return report_of(staging)


def _staged(engine: Engine, project: Project, needs: Needs, strict: bool) -> Staging:
    staging = replace(engine.stage(project.config.sources, needs), store_note=None)  # a look leaves the store as it is
    if strict and staging.rejects:
        refuse_rejects(staging)
    return staging


def _by_day(counts: Iterable[SendCount], zone: str) -> list[SendsOfDay]:
    """Zones are apart by quarters of an hour, so that each of these belongs to one day."""
    days: dict[tuple[date, str], int] = {}
    for one in counts:
        day = to_local(one.since, ZoneInfo(zone)).date()
        days[day, one.channel] = days.get((day, one.channel), 0) + one.messages
    return [SendsOfDay(day, channel, messages) for (day, channel), messages in sorted(days.items())]
