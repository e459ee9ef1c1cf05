"""Steps, entries and exits of a journey in a few words, for pictures and lists."""

from typing import assert_never

from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.journey import Entry, EntryOn, ExitAfter, ExitOn, ExitRule, ExitWhen, Goal
from engage_cli.definitions.journey_steps import (
    Delay,
    Exit,
    ForDuration,
    Fork,
    Goto,
    Hold,
    InWindow,
    JourneyStep,
    Occurrence,
    Randomize,
    Send,
    SetTrait,
    Split,
    Sync,
    UntilInstant,
    UntilLocalTime,
    UntilValue,
    Wait,
    Weekday,
)
from engage_cli.definitions.printing import condition_tree
from engage_cli.definitions.printing_where import value_tree
from engage_cli.definitions.values import ContextRef, TraitRef, Value
from engage_cli.definitions.yaml_printer import Token, print_line

_LONGEST = 48


def entry_words(entry: Entry) -> str:
    """Who enters: the event's name, or the condition."""
    return occurrence_words(entry.on) if isinstance(entry, EntryOn) else f"when {condition_words(entry.condition)}"


def occurrence_words(on: Occurrence) -> str:
    """The names of an event, and the property that ties it to the instance."""
    names = " or ".join(on.names)
    return shortened(names if on.match is None else f"{names} of this {on.match.text}")


def condition_words(condition: Condition) -> str:
    """A condition in one line, cut where it is long."""
    return shortened(print_line(condition_tree(condition)))


def exit_words(rule: ExitRule) -> str:
    """When an exit rule ends an instance."""
    match rule:
        case ExitOn(on):
            return f"at {occurrence_words(on)}"
        case ExitWhen(condition):
            return f"when {condition_words(condition)}"
        case ExitAfter(duration):
            return f"{duration} after the entry"
        case _:
            assert_never(rule)


def goal_words(goal: Goal) -> str:
    """What reaches the goal, and by when."""
    return occurrence_words(goal.on) + ("" if goal.within is None else f" within {goal.within}")


def step_words(step: JourneyStep) -> str:
    """What a step does."""
    match step:
        case Delay(wait=wait):
            return f"wait {wait_words(wait)}"
        case Hold(duration=duration):
            return "hold" if duration is None else f"hold for {duration}"
        case Split():
            return "split"
        case Fork():
            return "fork"
        case Randomize():
            return "randomize"
        case Send(template=template, channel=channel):
            return f"send {template} by {channel}"
        case Sync(destination=destination, list=list_name, event=event):
            return f"sync {destination}: {list_name or shortened(event or '')}"
        case SetTrait(trait=trait, to=value):
            return f"set {trait} to {shortened(value_words(value))}"
        case Goto(target=target):
            return f"go to {target}"
        case Exit(reason=reason):
            return f"exit: {reason}"
        case _:
            assert_never(step)


def wait_words(wait: Wait) -> str:
    """How long, or until when."""
    match wait:
        case ForDuration(duration):
            return str(duration)
        case UntilInstant(instant):
            return f"until {value_words(instant)}"
        case UntilLocalTime(time, days):
            return f"until {time}{_days(days)}"
        case InWindow(start, end, days):
            return f"for {start} to {end}{_days(days)}"
        case UntilValue(value, None):
            return f"until {value_words(value)}"
        case UntilValue(value, offset):
            side = "before" if offset is not None and offset.before else "after"
            return f"until {'' if offset is None else offset.duration} {side} {value_words(value)}"
        case _:
            assert_never(wait)


def _days(days: tuple[Weekday, ...]) -> str:
    return f", {' '.join(days)}" if days else ""


def value_words(value: Value) -> str:
    """A literal as it is written, a reference by its path."""
    match value:
        case ContextRef(path) | TraitRef(path):
            return path.text
        case _:
            tree = value_tree(value)
            return tree.text if isinstance(tree, Token) else str(tree)


def shortened(text: str) -> str:
    """A text in one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
