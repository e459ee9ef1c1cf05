"""A tick's walks: everything that happens to the journeys, found in their order."""

from collections.abc import Sequence
from datetime import datetime

from engage_cli.definitions.journey_graph import waits
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine, InputFile, Staging
from engage_cli.journeys.idling import busy_ones
from engage_cli.journeys.ledger import make_ledger
from engage_cli.journeys.outcomes import make_no_outcomes, make_outcomes
from engage_cli.journeys.results import make_results
from engage_cli.journeys.seeing import make_seen
from engage_cli.journeys.setting import forget_sets_of_walk, lay_over
from engage_cli.journeys.settings import make_settings
from engage_cli.journeys.standing import change_edition, make_standing
from engage_cli.journeys.tick import Tick
from engage_cli.journeys.walk import paths
from engage_cli.journeys.work import make_tables
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import has_outcomes
from engage_cli.records import replace
from engage_cli.service.tick_plans import MOVING, Plan, late_window
from engage_cli.state.inputs import FilesSince, files_since


def perform(
    engine: Engine,
    project: Project,
    plans: Sequence[Plan],
    staging: Staging,
    needs: Needs,
    as_of: datetime,
    files: Sequence[InputFile] = (),
    inputs: str = "",
) -> None:
    """Find all that happens to the journeys, in their order. `files`: those that are read, `inputs` their hash."""
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
    moving = [tick for tick in ticks if tick.name in busy]
    since = {run: files_since(engine, run, files) for run in {tick.last_run for tick in moving if tick.new_files}}
    for tick in moving:
        _with_files(tick, since.get(tick.last_run), staging).run()
    make_settings(engine, [edition for plan in plans for edition in plan.editions if plan.journey.name in busy])
    names = {name for plan in plans for edition in plan.editions for name in edition.names}
    make_seen(engine, sorted(names), staging.catalog, _unseen_from(plans, inputs, as_of - window), as_of)


def _with_files(tick: Tick, since: FilesSince | None, staging: Staging) -> Tick:
    if since is None or tick.late_from is None:
        return replace(tick, new_records=since is not None and since.records)
    old_events = since.brings_events_until(tick.late_from, staging.first_events)
    return replace(tick, new_records=since.records, old_events=old_events)


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
