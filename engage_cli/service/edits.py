"""What edited definitions change: which are new, other or gone since the state was last told of them, and who is inside edited journeys."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from engage_cli.definitions.journey import Journey, JourneyStatus, OnChange
from engage_cli.definitions.printing_journey import print_step
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import read_kept_journey
from engage_cli.plan.build import plan_audiences
from engage_cli.service.broadcast_plans import is_stopped, plan_broadcasts
from engage_cli.service.broadcast_plans import meaning_of as meaning_of_broadcast
from engage_cli.service.meaning import definition_hash, trait_hash
from engage_cli.service.run_results import Defined, Edit, EditKind, StepEdit, VersionInside, Waiting
from engage_cli.service.tick_plans import meaning_of
from engage_cli.service.traits import plan_traits
from engage_cli.state.broadcasts import broadcast_rows, waiting_counts
from engage_cli.state.journey_readers import JourneyCounts, journey_count
from engage_cli.state.journeys import KeptVersion, journey_clocks, kept_versions
from engage_cli.state.runs import clocks_of
from engage_cli.state.store import State
from engage_cli.state.traits import trait_clocks


def find_edits(project: Project, state: State | None, as_of: datetime) -> tuple[Edit, ...]:
    """Every trait, audience, journey and broadcast that is not what the state knows, kind by kind in the order of names.

    One counts as edited where what it rests on was, too. Of journeys only an edit that makes a new version is one; of broadcasts a new one
    is one whose recipients are to be found now, and an edited or removed one is one of which somebody waits.
    """
    zone = project.config.timezone
    traits = {name: trait_hash(project, name, plan_traits(project, [name], as_of)) for name in project.traits}
    audiences = {name: definition_hash(project, plan_audiences(project, [name], as_of, zone)) for name in project.audiences}
    return (
        *_of_kind(Defined.TRAIT, traits, {name: clock.definition for name, clock in trait_clocks(state).items()}),
        *_of_kind(Defined.AUDIENCE, audiences, {name: clock.definition for name, clock in clocks_of(state).items()}),
        *_of_journeys(project, state),
        *_of_broadcasts(project, state, as_of),
    )


def _of_kind(kind: Defined, now: Mapping[str, str], known: Mapping[str, str]) -> Iterator[Edit]:
    for name in sorted({*now, *known}):
        if name not in known:
            yield Edit(kind, name, EditKind.NEW)
        elif name not in now:
            yield Edit(kind, name, EditKind.REMOVED)
        elif now[name] != known[name]:
            yield Edit(kind, name, EditKind.EDITED)


def _of_journeys(project: Project, state: State | None) -> Iterator[Edit]:
    clocks, versions = journey_clocks(state), kept_versions(state)
    for name in sorted({*project.journeys, *clocks}):
        journey, kept = project.journeys.get(name), versions.get(name, [])
        if journey is None:
            yield Edit(
                Defined.JOURNEY,
                name,
                EditKind.REMOVED,
                inside=tuple(_inside(journey_count(state, name), "stand still: no file defines it")),
            )
        elif not kept:
            if journey.status is not JourneyStatus.DRAFT:
                yield Edit(Defined.JOURNEY, name, EditKind.NEW, 1)
        elif kept[-1].hash != meaning_of(journey):
            yield _edited(journey, kept[-1], journey_count(state, name))


def _of_broadcasts(project: Project, state: State | None, as_of: datetime) -> Iterator[Edit]:
    rows, waiting = broadcast_rows(state), waiting_counts(state)
    due = {plan.name for plan in plan_broadcasts(project, state, tuple(project.broadcasts), as_of, None, dry_run=True).due}
    for name in sorted({*project.broadcasts, *waiting}):
        row, one = rows.get(name), project.broadcasts.get(name)
        if row is None:
            if name in due:
                yield Edit(Defined.BROADCAST, name, EditKind.NEW)
        elif name in waiting and (is_stopped(one) or (one is not None and meaning_of_broadcast(one) != row.hash)):
            becomes = "get nothing more, when their time comes" if is_stopped(one) else "get it as it was when it was sent"
            change = EditKind.REMOVED if one is None else EditKind.EDITED
            yield Edit(Defined.BROADCAST, name, change, waiting=Waiting(waiting[name].recipients, becomes))


def _edited(journey: Journey, last: KeptVersion, counts: JourneyCounts) -> Edit:
    version = last.version + 1
    match journey.on_change:
        case OnChange.FINISH:
            becomes = "finish it"
        case OnChange.MOVE:
            becomes = f"go on at the same step in version {version}; who stands at one that is gone leaves"
        case OnChange.EXIT:
            becomes = "leave"
    steps = tuple(_steps(read_kept_journey(last.definition), journey, counts))
    return Edit(Defined.JOURNEY, journey.name, EditKind.EDITED, version, steps, tuple(_inside(counts, becomes)))


def _inside(counts: JourneyCounts, becomes: str) -> Iterator[VersionInside]:
    yield from (VersionInside(one.version, one.inside, becomes) for one in counts.editions if one.inside)


def _steps(before: Journey, now: Journey, counts: JourneyCounts) -> Iterator[StepEdit]:
    """The steps that differ, those of the new version first, in the order written. A step is told from others by its id."""
    old, new = ({step.id: print_step(step) for step in journey.all_steps()} for journey in (before, now))
    people = {name: count.here for name, count in counts.steps.items()}
    for name, text in new.items():
        if name not in old:
            yield StepEdit(name, EditKind.NEW, 0)
        elif old[name] != text:
            yield StepEdit(name, EditKind.EDITED, people.get(name, 0))
    yield from (StepEdit(name, EditKind.REMOVED, people.get(name, 0)) for name in old if name not in new)
