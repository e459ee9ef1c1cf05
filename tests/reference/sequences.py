"""Sequences, by trying every choice of events (docs/conditions.md, "The fine print of sequences")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from tests.reference.dataset import Event
from tests.reference.events import first_ever, in_window, matching_ever
from tests.reference.instants import later
from tests.reference.subject import Subject

Step: TypeAlias = Mapping[str, Any]
SequenceCondition: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """Events taken, one a step, in the order of the steps; the subject remembers them by the steps' `as`."""

    events: tuple[Event, ...]
    subject: Subject

    def take(self, step: Step, event: Event) -> "Choice":
        """This choice and one event more."""
        return Choice((*self.events, event), self.subject.with_taken(step.get("as"), event))


def did_sequence(condition: SequenceCondition, subject: Subject) -> bool:
    """Whether some choice of the user's events meets every step and every key beside them."""
    visible = [event for event in subject.events if in_window(condition, event.timestamp, subject)]
    choices = _choices_in_any_order if condition.get("order") == "any" else _choices_in_order
    start = Choice((), subject)
    return any(_is_whole(choice, condition, visible) for choice in choices(condition, condition["sequence"], start, visible))


def _candidates(step: Step, subject: Subject, visible: Sequence[Event]) -> list[Event]:
    """The visible events that a step may take."""
    if "first_time" in step:
        first = first_ever(step, subject)
        return [event for event in visible if event == first]
    matching = matching_ever(step, subject)
    return [event for event in visible if event in matching]


def _is_whole(choice: Choice, condition: SequenceCondition, visible: Sequence[Event]) -> bool:
    """`span` and `without`: of the earliest to the latest of the events taken."""
    first = min(event.timestamp for event in choice.events)
    last = max(event.timestamp for event in choice.events)
    if "span" in condition and last > later(first, condition["span"], choice.subject.zone):
        return False
    return not any(_happened_between(step, first, last, choice.subject, visible) for step in condition.get("without", []))


def _happened_between(step: Step, start: datetime, end: datetime, subject: Subject, visible: Sequence[Event]) -> bool:
    """Whether such an event happened strictly between two instants."""
    return any(start < event.timestamp < end for event in _candidates(step, subject, visible))


# ---- order: then, strict


def _choices_in_order(condition: SequenceCondition, steps: Sequence[Step], choice: Choice, visible: Sequence[Event]) -> Iterator[Choice]:
    """Every way to go on from a choice through the steps that are left."""
    forbidden: list[Step] = []
    while steps and "not" in steps[0]:
        forbidden.append(steps[0])
        steps = steps[1:]
    if not steps:
        if not any(_spoils_the_end(step, choice, visible) for step in forbidden):
            yield choice
        return
    step = steps[0]
    for event in _candidates(step, choice.subject, visible):
        if event not in choice.events and _may_follow(event, step, forbidden, condition, choice, visible):
            yield from _choices_in_order(condition, steps[1:], choice.take(step, event), visible)


def _may_follow(
    event: Event, step: Step, forbidden: Sequence[Step], condition: SequenceCondition, choice: Choice, visible: Sequence[Event]
) -> bool:
    """Whether the step may take the event, as far as the step before it has a say."""
    if not choice.events:
        return True
    previous, subject = choice.events[-1].timestamp, choice.subject
    if event.timestamp < previous:
        return False
    if "within" in step and event.timestamp > later(previous, step["within"], subject.zone):
        return False
    if condition.get("order") == "strict" and any(previous < other.timestamp < event.timestamp for other in visible):
        return False
    return not any(_happened_between(one["not"], previous, event.timestamp, subject, visible) for one in forbidden)


def _spoils_the_end(step: Step, choice: Choice, visible: Sequence[Event]) -> bool:
    """Whether a `not` step at the end fails: its event came, or (`settled`) it may still come."""
    subject, last = choice.subject, choice.events[-1].timestamp
    end = subject.as_of
    if "within" in step:
        end = later(last, step["within"], subject.zone)
        if step.get("settled") and subject.as_of < end:
            return True
    others = [event for event in _candidates(step["not"], subject, visible) if event not in choice.events]
    return any(last <= event.timestamp <= end for event in others)


# ---- order: any


def _choices_in_any_order(
    condition: SequenceCondition, steps: Sequence[Step], choice: Choice, visible: Sequence[Event]
) -> Iterator[Choice]:
    """Every way to give different events to enough of the steps."""
    needed = condition.get("at_least", len(condition["sequence"]))
    if not steps:
        if len(choice.events) >= needed:
            yield choice
        return
    step, rest = steps[0], steps[1:]
    for event in _candidates(step, choice.subject, visible):
        if event not in choice.events:
            yield from _choices_in_any_order(condition, rest, choice.take(step, event), visible)
    if len(choice.events) + len(rest) >= needed:
        yield from _choices_in_any_order(condition, rest, choice, visible)
