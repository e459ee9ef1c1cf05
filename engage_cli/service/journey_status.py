"""`journey status`: who stands where in a journey, as the last tick left it. Reads the published copy of the state, and outcomes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from engage_cli.definitions.journey import Journey, JourneyStatus
from engage_cli.definitions.step_words import entry_words, step_words
from engage_cli.errors import DataError
from engage_cli.records import replace
from engage_cli.service.journey_results import JourneyResults, results_of
from engage_cli.service.journeys import REMOVED, journey_known
from engage_cli.service.progress import SILENT, Progress
from engage_cli.service.workspace import engine_for, load
from engage_cli.state.journey_readers import EditionCount, JourneyCounts, StepCount, hand_status, journey_count
from engage_cli.state.journeys import journey_clocks, pauses_of
from engage_cli.state.store import State, open_published


class Way(Struct, frozen=True):
    """How many moves from a step had a cause, and of which branch or exit rule."""

    cause: str
    branch: str | None
    moves: int


class StepStanding(Struct, frozen=True):
    """A step in words, how many are there, came to it and went on, and how long those stayed on average (None where nobody went on).

    `does` is empty for a step that the definition does not have any more.
    """

    step: str
    does: str
    here: int
    arrived: int
    passed: int
    mean_wait_seconds: float | None
    ways: tuple[Way, ...]


class Ended(Struct, frozen=True):
    """How many instances ended for a reason."""

    reason: str
    instances: int


class Pause(Struct, frozen=True):
    """A stretch in which nobody enters; one that lasts has no end."""

    since: datetime
    until: datetime | None


class JourneyStanding(Struct, frozen=True):
    """A journey as its last tick left it; without `as_of` no tick has seen it yet.

    `status` is the definition's (`removed` where there is none any more), `by_hand` what the last command said, if that holds. `goal` is
    how many reached it, None without one.
    """

    journey: str
    status: str
    by_hand: str | None
    enters: str
    as_of: datetime | None
    since: datetime | None
    entered: int
    inside: int
    ended: tuple[Ended, ...]
    goal: int | None
    steps: tuple[StepStanding, ...]
    editions: tuple[EditionCount, ...]
    pauses: tuple[Pause, ...]
    results: JourneyResults = field(default_factory=JourneyResults)
    """What came of its messages, by the events up to the last tick."""


def journey_status(folder: Path, name: str, *, progress: Progress = SILENT) -> JourneyStanding:
    """How a journey stands by the last tick, also one that the project no longer has. Raises UsageError for an unknown name."""
    project = load(folder)
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state)
        journey = journey_known(project, state, name)
        standing = standing_of(journey, state)
        if name not in project.journeys:
            standing = replace(standing, status=REMOVED)
        if standing.as_of is None:
            return standing
        try:
            results = results_of(project, folder, engine, journey, standing.as_of, progress)
        except DataError as problem:
            # Who stands where is in the state: it can be told whatever becomes of the files.
            results = JourneyResults(unread=problem.message)
        return replace(standing, results=results)


def standing_of(journey: Journey, state: State | None) -> JourneyStanding:
    """How a journey stands in a state."""
    clock, hand, counted = journey_clocks(state).get(journey.name), hand_status(state, journey.name), journey_count(state, journey.name)
    return JourneyStanding(
        journey=journey.name,
        status=journey.status.value,
        by_hand=None if hand is None or hand.status == JourneyStatus.LIVE else hand.status,
        enters=entry_words(journey.entry),
        as_of=None if clock is None else clock.as_of,
        since=None if clock is None else clock.since,
        entered=counted.totals.entered,
        inside=counted.totals.inside,
        ended=tuple(Ended(reason, instances) for reason, instances in counted.ends.items()),
        goal=None if journey.goal is None and not counted.totals.goals else counted.totals.goals,
        steps=tuple(_steps(journey, counted)),
        editions=counted.editions,
        pauses=tuple(Pause(begun, ended) for begun, ended in pauses_of(state).get(journey.name, ())),
    )


def _steps(journey: Journey, counted: JourneyCounts) -> Iterator[StepStanding]:
    """The steps of the definition as they are written, then those that only earlier editions had."""
    words = {step.id: step_words(step) for step in journey.all_steps()}
    for step in (*words, *(step for step in counted.steps if step not in words)):
        count = counted.steps.get(step, StepCount(step, 0, 0, 0, None))
        ways = tuple(Way(way.cause, way.branch, way.moves) for way in counted.ways if way.step == step)
        yield StepStanding(step, words.get(step, ""), count.here, count.arrived, count.passed, count.wait, ways)
