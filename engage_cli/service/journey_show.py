"""`journey show --user`: one person's way through a journey, as the last tick left it. Reads the published copy of the state alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import Delay, Hold, HoldBranch, JourneyStep
from engage_cli.definitions.project_files import read_kept_journey
from engage_cli.definitions.step_words import condition_words, exit_words, occurrence_words, step_words
from engage_cli.records import replace
from engage_cli.service.journey_why import Absence, absence_of
from engage_cli.service.journeys import journey_known
from engage_cli.service.progress import SILENT, Progress
from engage_cli.service.workspace import engine_for, load
from engage_cli.state.journey_people import (
    InstanceRow,
    MadeRow,
    MoveRow,
    PositionRow,
    instances_of,
    made_by,
    moves_of,
    positions_of,
)
from engage_cli.state.journey_readers import hand_statuses
from engage_cli.state.journeys import journey_clocks, kept_versions
from engage_cli.state.store import State, open_published


class Made(Struct, frozen=True):
    """What a step made: a `message` (`name` the template, `value` the channel, `id` its own), a `set` trait (`value` as JSON), or a `sync`
    of a list or event (`value`) with a destination, a list perhaps `until` an instant."""

    kind: str
    name: str
    value: str
    until: datetime | None
    id: str | None


class Move(Struct, frozen=True):
    """A move at its own instant, and what the step that was left made. `branch` is that of a hold, split, fork or randomize, or the number
    of an exit rule; `within` the branches of the forks that it happened in."""

    ordinal: int
    at: datetime
    from_step: str | None
    to_step: str | None
    cause: str
    branch: str | None
    event: str | None
    within: str
    made: tuple[Made, ...]


class Awaiting(Struct, frozen=True):
    """Where an instance stands: the step in words, since when, until when at most (None: as long as it takes), and what moves it on."""

    step: str
    does: str
    within: str
    arrived_at: datetime
    since: datetime
    until: datetime | None
    awaits: tuple[str, ...]
    context: Mapping[str, Any]


class InstanceShown(Struct, frozen=True):
    """Once that the person was in the journey. `leaves` are the exit rules of an open instance, `leaves_by` when one of them is met by time
    alone."""

    instance_id: str
    user_id: str
    key: str | None
    edition: int
    entered_at: datetime
    entry_event: str | None
    entry_name: str | None
    ended_at: datetime | None
    end_reason: str | None
    goal_at: datetime | None
    moves: tuple[Move, ...]
    awaiting: tuple[Awaiting, ...]
    leaves: tuple[str, ...]
    leaves_by: datetime | None


class PersonInJourney(Struct, frozen=True):
    """A person's instances, the earliest first, as of the journey's clock (None: no tick has seen it); without any, why."""

    journey: str
    user: str
    as_of: datetime | None
    instances: tuple[InstanceShown, ...]
    absence: Absence | None = None


def journey_of_person(folder: Path, name: str, user: str, *, progress: Progress = SILENT) -> PersonInJourney:
    """One person in a journey, also one that the project no longer has. Raises UsageError for an unknown journey; of who never entered
    there are no instances, and why, for which the sources are read."""
    project = load(folder)
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state)
        journey = journey_known(project, state, name)
        person = person_of(state, name, user)
        clock = journey_clocks(state).get(name)
        hands = {} if state is None or clock is None else hand_statuses(state, clock.as_of)
    if person.instances or clock is None:
        return person
    return replace(person, absence=absence_of(project, folder, journey, clock, hands, user, progress))


def person_of(state: State | None, journey: str, user: str) -> PersonInJourney:
    """One person in a journey, by a state."""
    clock = journey_clocks(state).get(journey)
    if state is None or clock is None:
        return PersonInJourney(journey, user, None, ())
    return PersonInJourney(journey, user, clock.as_of, tuple(_instances(state, journey, user)))


def _instances(state: State, journey: str, user: str) -> Iterator[InstanceShown]:
    rows = instances_of(state, journey, user)
    numbers = [row.number for row in rows]
    moves, made, positions = moves_of(state, numbers), made_by(state, numbers), positions_of(state, numbers)
    editions = _editions(state, journey, {row.version for row in rows if positions[row.number]})
    for row in rows:
        yield _instance(row, moves[row.number], made[row.number], positions[row.number], editions.get(row.version))


def _editions(state: State, journey: str, versions: set[int]) -> dict[int, Journey]:
    return {one.version: read_kept_journey(one.definition) for one in kept_versions(state).get(journey, []) if one.version in versions}


def _instance(
    row: InstanceRow, moves: Sequence[MoveRow], made: Sequence[MadeRow], positions: Sequence[PositionRow], edition: Journey | None
) -> InstanceShown:
    steps = {} if edition is None else {step.id: step for step in edition.all_steps()}
    return InstanceShown(
        instance_id=row.instance_id,
        user_id=row.user_id,
        key=row.key,
        edition=row.version,
        entered_at=row.entered_at,
        entry_event=row.entry_event,
        entry_name=row.entry_name,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        goal_at=row.goal_at,
        moves=tuple(_move(move, made) for move in moves),
        awaiting=tuple(_awaiting(position, steps[position.step]) for position in positions),
        leaves=() if edition is None else tuple(exit_words(rule) for rule in edition.exits),
        leaves_by=min((position.exit_due for position in positions if position.exit_due is not None), default=None),
    )


def _move(move: MoveRow, made: Sequence[MadeRow]) -> Move:
    here = tuple(
        Made(one.kind, one.name, one.value, one.until, one.id) for one in made if move.cause == "done" and one.step == move.from_step
    )
    return Move(move.ordinal, move.moved_at, move.from_step, move.to_step, move.cause, move.branch, move.event, move.token, here)


def _awaiting(position: PositionRow, step: JourneyStep) -> Awaiting:
    awaits = tuple(_branch_words(branch) for branch in step.branches) if isinstance(step, Hold) else ()
    until = position.due if isinstance(step, Delay | Hold) else None
    return Awaiting(
        position.step, step_words(step), position.token, position.arrived_at, position.waiting_since, until, awaits, position.context
    )


def _branch_words(branch: HoldBranch) -> str:
    """`changed: Cart Updated of this cart_id`."""
    if branch.on is not None:
        return f"{branch.name}: {occurrence_words(branch.on)}"
    assert branch.when is not None, "a branch has `on` or `when`"
    return f"{branch.name}: when {condition_words(branch.when)}"
