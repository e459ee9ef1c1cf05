"""`journey pause`, `resume`, `archive` and `exit`: what commands do to a journey, under the project's lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli import __version__
from engage_cli.definitions.journey import JourneyStatus
from engage_cli.definitions.project import Project
from engage_cli.errors import UsageError
from engage_cli.outputs.publish import publish, recover
from engage_cli.service.clock import resolve_as_of, started_at
from engage_cli.service.journeys import journey_known, journey_named
from engage_cli.service.workspace import engine_for, load
from engage_cli.state.hashes import digest
from engage_cli.state.instants import iso
from engage_cli.state.journey_hands import set_status, stop_instances
from engage_cli.state.journey_people import InstanceRow, instances_of
from engage_cli.state.journey_readers import HandStatus, hand_status
from engage_cli.state.journeys import JourneyClock, journey_clocks
from engage_cli.state.lock import hold_lock
from engage_cli.state.runs import next_run
from engage_cli.state.store import State, lock_path, open_published, open_state, publish_copy_if_stale

_WORDS = {JourneyStatus.PAUSED: "pause", JourneyStatus.LIVE: "resume", JourneyStatus.ARCHIVED: "archive"}


class HandResult(Struct, frozen=True):
    """What a command made of a journey: `by_hand` holds from `as_of` on (None: nothing does), beside the definition's own `status`.

    `changed`: whether that is new.
    """

    journey: str
    as_of: datetime
    by_hand: str | None
    status: str
    changed: bool


class Stopped(Struct, frozen=True):
    """An instance that was taken out."""

    instance_id: str
    user_id: str
    key: str | None


class ExitResult(Struct, frozen=True):
    """Whom a command took out of a journey, as of its clock (None: no tick has seen it, so that nobody is inside)."""

    journey: str
    user: str
    as_of: datetime | None
    stopped: tuple[Stopped, ...]


def set_by_hand(folder: Path, name: str, status: JourneyStatus, *, as_of: datetime | None = None, wait: float = 30.0) -> HandResult:
    """Pause (`paused`), resume (`live`) or archive (`archived`) a journey from an instant (None: now) on.

    Raises UsageError for an unknown journey, or an instant before its clock or the last such command. Said again it changes nothing.
    """
    project = load(folder)
    journey = journey_named(project, name)
    instant = resolve_as_of(as_of, project.config.timezone)
    with _opened(folder, project, f"journey {_WORDS[status]}", wait) as state:
        before = hand_status(state, name)
        changed = (JourneyStatus.LIVE if before is None else before.status) != status
        by_hand = None if status is JourneyStatus.LIVE else status.value
        if changed:
            _refuse_earlier(name, instant, journey_clocks(state).get(name), before)
            set_status(state, name, status, instant)
            publish_copy_if_stale(state)
        since = instant if changed or before is None else before.from_at
        return HandResult(name, since, by_hand, journey.status.value, changed)


def _refuse_earlier(name: str, at: datetime, clock: JourneyClock | None, before: HandStatus | None) -> None:
    if clock is not None and at < clock.as_of:
        raise UsageError(
            f"`{name}` was ticked as of {iso(clock.as_of)}, which is after {iso(at)}: what happened until then stands",
            hint=f"give an instant from its clock on, such as --as-of {iso(clock.as_of)}",
        )
    if before is not None and at < before.from_at:
        raise UsageError(
            f"`{name}` is {before.status} by hand from {iso(before.from_at)} on, which is after {iso(at)}",
            hint=f"give a later instant, such as --as-of {iso(before.from_at)}",
        )


def take_out(folder: Path, name: str, user: str, *, key: str | None = None, dry_run: bool = False, wait: float = 30.0) -> ExitResult:
    """End a person's open instances (of one key) at the journey's clock, also in a journey that the project no longer has. Where they have
    none, nothing changes.

    Raises UsageError for an unknown journey, or a key of a journey that has none. A dry run only says whom.
    """
    project = load(folder)
    with engine_for(project, folder) as engine:
        looked = open_published(engine, folder / project.config.state)
        if journey_known(project, looked, name).key is None and key is not None:
            raise UsageError(f"the journey `{name}` has no key", hint="leave --key out: a person is in it once at a time")
        if dry_run:
            return _exit_result(looked, name, user, [] if looked is None else _inside(looked, name, user, key))
    command = "journey exit"
    with _opened(folder, project, command, wait) as state:
        inside = _inside(state, name, user, key)
        if inside:
            at, instances = journey_clocks(state)[name].as_of, digest(*(one.instance_id for one in inside))
            stop_instances(state, next_run(state, command, at, __version__, [(name, instances)], []), [one.number for one in inside])
            publish(state, folder / project.config.outputs)
        return _exit_result(state, name, user, inside)


def _inside(state: State, name: str, user: str, key: str | None) -> list[InstanceRow]:
    return [one for one in instances_of(state, name, user) if one.ended_at is None and key in (None, one.key)]


def _exit_result(state: State | None, name: str, user: str, inside: Sequence[InstanceRow]) -> ExitResult:
    clock = journey_clocks(state).get(name)
    return ExitResult(name, user, None if clock is None else clock.as_of, tuple(_stopped(one) for one in inside))


def _stopped(row: InstanceRow) -> Stopped:
    return Stopped(row.instance_id, row.user_id, row.key)


@contextmanager
def _opened(folder: Path, project: Project, command: str, wait: float) -> Iterator[State]:
    """The state, made where it is missing, with what a killed run left finished or removed."""
    path = folder / project.config.state
    with hold_lock(lock_path(path), command=command, started=started_at(), wait=wait), engine_for(project, folder) as engine:
        state = open_state(engine, path, tool_version=__version__)
        recover(state, folder / project.config.outputs)
        yield state
