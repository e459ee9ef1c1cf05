"""Computed traits of users and accounts (docs/traits.md), by plain loops."""

import ast
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import fsum
from typing import Any, TypeAlias

from tests.reference.dataset import Event
from tests.reference.events import in_window, matching_ever
from tests.reference.instants import local_day, read_duration, shift
from tests.reference.subject import Subject, event_data
from tests.reference.values import Datum, Value, is_missing, read_number, read_text

TraitDefinition: TypeAlias = Mapping[str, Any]
DAY = timedelta(days=1)


def with_computed(
    everybody: Sequence[Subject], definitions: Mapping[str, TraitDefinition], scored: Sequence[Subject] | None = None
) -> list[Subject]:
    """All subjects of one kind with every computed trait that is of them, each after those that it is computed of.

    `scored` are the same with the values of those traits that are not dated, where these are of another instant.
    """
    found = list(everybody)
    known = {subject.user_id: subject.computed for subject in scored or ()}
    for name in _in_order(definitions):
        definition = definitions[name]
        if not found or definition.get("of", "users") != f"{found[0].of}s":
            continue
        if scored is not None and is_undated(definition):
            values = [known[subject.user_id][name] if subject.user_id in known else Datum(None, subject.zone) for subject in found]
        elif "rfm" in definition:
            values = scores(definition["rfm"], found)
        elif "sql" in definition:
            values = [Datum(SQL[definition["sql"]](subject), subject.zone) for subject in found]
        else:
            values = [compute(definition, subject) for subject in found]
        for position, value in enumerate(values):
            subject = found[position]
            found[position] = replace(subject, computed={**subject.computed, name: _or_default(value, definition, subject)})
    return found


def is_undated(definition: TraitDefinition) -> bool:
    """Whether a trait has no value as of earlier instants but what was recorded."""
    return "rfm" in definition or "sql" in definition


SQL: Mapping[str, Callable[[Subject], Value]] = {
    "select user_id, count(*) as value from events group by user_id": lambda user: len(user.events) or None,
    "select user_id, max(event) as value from events group by user_id": lambda user: max((one.name for one in user.events), default=None),
    "select account_id, count(distinct user_id) as value from memberships group by account_id": lambda account: len(account.linked) or None,
}
"""The queries of SQL traits, and what they find of a subject."""


def _in_order(definitions: Mapping[str, TraitDefinition]) -> list[str]:
    done: list[str] = []

    def visit(name: str) -> None:
        if name in definitions and name not in done:
            for other in named_in(definitions[name]):
                visit(other)
            done.append(name)

    for name in definitions:
        visit(name)
    return done


def named_in(definition: Any) -> list[str]:
    """The first names of the traits that a definition refers to."""
    if isinstance(definition, Mapping):
        own = [definition["trait"].split(".")[0]] if set(definition) == {"trait"} else []
        if "expression" in definition:
            own += [node.id for node in ast.walk(ast.parse(definition["expression"])) if isinstance(node, ast.Name)]
        return own + [name for value in definition.values() for name in named_in(value)]
    return [name for part in definition for name in named_in(part)] if isinstance(definition, list) else []


def _or_default(found: Datum, definition: TraitDefinition, subject: Subject) -> Datum:
    if not is_missing(found.value):
        return found
    over_none = 0 if definition.get("compute") in {"count", "sum", "unique_count", "distinct_days"} else None
    return Datum(definition.get("default", over_none), subject.zone)


SEGMENTS = {
    **dict.fromkeys(["54", "55"], "Champions"),
    **dict.fromkeys(["34", "35", "44", "45"], "Loyal Customers"),
    **dict.fromkeys(["42", "43", "52", "53"], "Potential Loyalists"),
    "51": "New Customers",
    "41": "Promising",
    "33": "Need Attention",
    **dict.fromkeys(["31", "32"], "About To Sleep"),
    **dict.fromkeys(["13", "14", "23", "24"], "At Risk"),
    **dict.fromkeys(["15", "25"], "Can't Lose Them"),
    **dict.fromkeys(["11", "12", "21", "22"], "Hibernating"),
}
"""By the scores of recency and frequency."""


def scores(definition: TraitDefinition, everybody: Sequence[Subject]) -> list[Datum]:
    """The scores of everybody, among those who have such an event."""
    measured = [_measured(definition, subject) for subject in everybody]
    scored = [one for one in measured if one is not None]
    found = []
    for subject, own in zip(everybody, measured, strict=True):
        if own is None:
            found.append(Datum(None, subject.zone))
            continue
        fifths = [5 * sum(other[place] < own[place] for other in scored) // len(scored) + 1 for place in range(3)]
        segment = SEGMENTS[f"{fifths[0]}{fifths[1]}"]
        value = {"segment": segment, "recency": fifths[0], "frequency": fifths[1], "monetary": fifths[2]}
        found.append(Datum(value, subject.zone))
    return found


def _measured(definition: TraitDefinition, subject: Subject) -> tuple[datetime, int, float] | None:
    """The last such event, how many there are, and what they are worth together."""
    events = [event for event in matching_ever(definition, subject) if in_window(definition, event.timestamp, subject)]
    if not events:
        return None
    numbers = [read_number(datum.value) for event in events for datum in event_data(event, definition["property"])]
    worth = round(fsum(number for number in numbers if number is not None), 9)
    return max(event.timestamp for event in events), len(events), worth


def compute(definition: TraitDefinition, subject: Subject) -> Datum:
    """The trait's value; None where it is missing (what is 0 over no events is None here, too)."""
    if "expression" in definition:
        return Datum(_rounded(_number(ast.parse(definition["expression"], mode="eval").body, subject)), subject.zone)
    events = [event for event in matching_ever(definition, subject) if in_window(definition, event.timestamp, subject)]
    if "session" in definition:
        latest = latest_session(subject, definition["session"])
        events = [event for event in events if event in latest]
    if not events:
        return Datum(None, subject.zone)
    if "property" not in definition:
        return Datum(_of_events(definition["compute"], events, subject), subject.zone)
    return _of_property(definition, events, subject)


def latest_session(subject: Subject, pause: str) -> list[Event]:
    """The user's last events with no longer pause between them."""
    session: list[Event] = []
    for event in subject.events:
        if session and event.timestamp > shift(session[-1].timestamp, read_duration(pause), subject.zone):
            session = []
        session.append(event)
    return session


def _of_events(kind: str, events: Sequence[Event], subject: Subject) -> Value:
    match kind:
        case "count":
            return len(events)
        case "distinct_days":
            return len({local_day(event.timestamp, subject.zone) for event in events})
        case "days_since_first":
            return (subject.as_of - min(event.timestamp for event in events)) // DAY
        case "days_since_last":
            return (subject.as_of - max(event.timestamp for event in events)) // DAY
    raise ValueError(kind)


def _of_property(definition: TraitDefinition, events: Sequence[Event], subject: Subject) -> Datum:
    data = [datum for event in events for datum in event_data(event, definition["property"]) if not is_missing(datum.value)]
    kind = definition["compute"]
    if kind in ("first", "last"):
        return (data[0] if kind == "first" else data[-1]) if data else Datum(None, subject.zone)
    texts = [text for datum in data if (text := read_text(datum.value)) is not None]
    numbers = [number for datum in data if (number := read_number(datum.value)) is not None]
    value: Value = None
    match kind:
        case "sum":
            value = round(fsum(numbers), 9) if numbers else None
        case "avg":
            value = round(fsum(numbers) / len(numbers), 9) if numbers else None
        case "min":
            value = min(numbers, default=None)
        case "max":
            value = max(numbers, default=None)
        case "unique_count":
            value = len(set(texts)) or None
        case "unique_list":
            value = sorted(set(texts)) or None
        case "most_frequent":
            value = _most_frequent(texts, definition.get("at_least", 2))
        case _:
            raise ValueError(kind)
    return Datum(value, subject.zone)


def _most_frequent(texts: Sequence[str], at_least: int) -> str | None:
    counts = Counter(texts)
    best = max(counts.values(), default=0)
    return min(text for text, count in counts.items() if count == best) if best >= at_least else None


def _number(node: ast.expr, subject: Subject) -> float | None:
    match node:
        case ast.Constant(value=value):
            return float(value)
        case ast.Name(id=name):
            return read_number(subject.trait(name)[0].value)
        case ast.Attribute(value=ast.Name(id=name), attr=inner):
            return read_number(subject.trait(f"{name}.{inner}")[0].value)
        case ast.UnaryOp(operand=operand):
            inner = _number(operand, subject)
            return None if inner is None else _finite(0.0 - inner)
        case ast.BinOp(left=left, op=operator, right=right):
            return _combined(operator, _number(left, subject), _number(right, subject))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, [_number(argument, subject) for argument in arguments])
    raise ValueError(ast.dump(node))


def _combined(operator: ast.operator, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    match operator:
        case ast.Add():
            return _finite(left + right)
        case ast.Sub():
            return _finite(left - right)
        case ast.Mult():
            return _finite(left * right)
        case _:
            return _finite(left / right) if right else None


def _called(name: str, parts: Sequence[float | None]) -> float | None:
    there = [part for part in parts if part is not None]
    if name == "coalesce":
        return there[0] if there else None
    if len(there) < len(parts):
        return None
    return {"abs": lambda: abs(there[0]), "min": lambda: min(there), "max": lambda: max(there)}[name]()


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 9)
