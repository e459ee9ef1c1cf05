"""Event conditions: did the user do it, how often, and so on (docs/conditions.md, "The fine print of events")."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from math import fsum
from typing import Any, TypeAlias

from tests.reference.dataset import Event
from tests.reference.instants import before, day_end, day_start, literal_instant, local_day, period_bounds
from tests.reference.operators import compares
from tests.reference.subject import Subject, event_data
from tests.reference.values import Datum, Value, is_missing, read_instant, read_number, read_text
from tests.reference.wheres import event_meets

EventCondition: TypeAlias = Mapping[str, Any]

DATE_OPERATORS = {"before", "after", "since", "until", "within_last", "older_than", "within_next", "later_than", "period"}
DECIMALS = 9


def did(condition: EventCondition, subject: Subject) -> bool:
    """Whether the user did the event as the condition says."""
    if "first_time" in condition:
        first = first_ever(condition, subject)
        return first is not None and in_window(condition, first.timestamp, subject)
    if "regularly" in condition:
        return _did_regularly(condition, subject)
    events = [event for event in matching_ever(condition, subject) if in_window(condition, event.timestamp, subject)]
    return measure_holds(condition, events, subject)


def names_match(names: str | Sequence[str], name: str) -> bool:
    """Whether the event's name is one of these, where `*` stands for any text."""
    patterns = [names] if isinstance(names, str) else names
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) for pattern in patterns)


def matching_ever(condition: EventCondition, subject: Subject) -> list[Event]:
    """The user's events of these names that meet `where`, in order, whatever the window."""
    named = [event for event in subject.events if names_match(condition["event"], event.name)]
    return [event for event in named if event_meets(event, condition.get("where", {}), subject)]


def first_ever(condition: EventCondition, subject: Subject) -> Event | None:
    """The one event that `first_time` lets count: the first that meets `where`, or the first of its names if it does."""
    matching = matching_ever(condition, subject)
    if condition["first_time"] == "by_name":
        named = [event for event in subject.events if names_match(condition["event"], event.name)]
        return named[0] if named and named[0] in matching else None
    return matching[0] if matching else None


def in_window(window: Mapping[str, Any], timestamp: datetime, subject: Subject) -> bool:
    """Whether the instant lies in the window that these keys give. None of the keys: all history."""
    as_of, zone = subject.as_of, subject.zone
    if "within" in window:
        return before(as_of, window["within"], zone) < timestamp <= as_of
    if "between_ago" in window:
        far, near = window["between_ago"]
        return before(as_of, far, zone) < timestamp <= before(as_of, near, zone)
    if "period" in window:
        start, end = period_bounds(window["period"], as_of, zone)
        return start <= timestamp < end
    return _is_since(window.get("since"), timestamp, subject) and _is_until(window.get("until"), timestamp, subject)


def _is_since(since: date | datetime | None, timestamp: datetime, subject: Subject) -> bool:
    if since is None:
        return True
    start = literal_instant(since, subject.zone) if isinstance(since, datetime) else day_start(since, subject.zone)
    return timestamp >= start


def _is_until(until: date | datetime | None, timestamp: datetime, subject: Subject) -> bool:
    if until is None:
        return True
    end = literal_instant(until, subject.zone) if isinstance(until, datetime) else day_end(until, subject.zone)
    return timestamp < end


def _did_regularly(condition: EventCondition, subject: Subject) -> bool:
    """Whether the count holds in enough of the stretches (as_of − (i+1) · every, as_of − i · every]."""
    regularly = condition["regularly"]
    timestamps = [event.timestamp for event in matching_ever(condition, subject)]
    good_stretches = 0
    for i in range(regularly["of_last"]):
        start = before(subject.as_of, regularly["every"], subject.zone, times=i + 1)
        end = before(subject.as_of, regularly["every"], subject.zone, times=i)
        count = sum(start < timestamp <= end for timestamp in timestamps)
        good_stretches += _count_holds(condition.get("count", {"gte": 1}), count, subject)
    return bool(good_stretches >= regularly["at_least"])


# ---- measures


def measure_holds(condition: EventCondition, events: Sequence[Any], subject: Subject) -> bool:
    """Whether the count, or whatever is asked of these events (or rows of a table), is as the condition says."""
    if condition.get("never"):
        return not events
    for edge, position in (("earliest", 0), ("latest", -1)):
        if edge in condition:
            return bool(events) and event_meets(events[position], condition[edge], subject)
    if "days" in condition:
        days = {local_day(event.timestamp, subject.zone) for event in events}
        return _count_holds(condition["days"], len(days), subject)
    if "unique" in condition:
        texts = {read_text(datum.value) for datum in _property_values(condition["unique"], events)} - {None}
        return _count_holds(_tests_beside_property(condition["unique"]), len(texts), subject)
    for name, measure in (("sum", _sum), ("avg", _average)):
        if name in condition:
            numbers = _numbers(_property_values(condition[name], events))
            return _result_compares(measure(numbers), _tests_beside_property(condition[name]), subject)
    for name, choose in (("min", min), ("max", max)):
        if name in condition:
            return _extreme_holds(condition[name], choose, events, subject)
    return _count_holds(condition.get("count", {"gte": 1}), len(events), subject)


def _count_holds(wanted: int | Mapping[str, Any], count: int, subject: Subject) -> bool:
    tests = {"eq": wanted} if isinstance(wanted, int) else wanted
    return _result_compares(count, tests, subject)


def _result_compares(result: Value, tests: Mapping[str, Any], subject: Subject) -> bool:
    """A missing result compares like a missing value."""
    return compares([Datum(result, subject.zone)], tests, subject)


def _tests_beside_property(measure: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in measure.items() if key != "property"}


def _property_values(measure: Mapping[str, Any], events: Sequence[Event]) -> list[Datum]:
    return [datum for event in events for datum in event_data(event, measure["property"]) if not is_missing(datum.value)]


def _numbers(data: Sequence[Datum]) -> list[float]:
    return [number for datum in data if (number := read_number(datum.value)) is not None]


def _sum(numbers: Sequence[float]) -> float:
    return round(fsum(numbers), DECIMALS)


def _average(numbers: Sequence[float]) -> float | None:
    return round(fsum(numbers) / len(numbers), DECIMALS) if numbers else None


def _extreme_holds(measure: Mapping[str, Any], choose: Callable[..., Any], events: Sequence[Event], subject: Subject) -> bool:
    """`min` and `max`: of numbers, or of instants where an operator or a literal is of dates. Not rounded."""
    data = _property_values(measure, events)
    tests = _tests_beside_property(measure)
    if _is_about_dates(tests):
        instants = [instant for datum in data if (instant := read_instant(datum, subject.zone)) is not None]
        return _result_compares(choose(instants, default=None), tests, subject)
    return _result_compares(choose(_numbers(data), default=None), tests, subject)


def _is_about_dates(tests: Mapping[str, Any]) -> bool:
    literals = [one for operand in tests.values() for one in (operand if isinstance(operand, list) else [operand])]
    return bool(DATE_OPERATORS & set(tests)) or any(isinstance(one, date) for one in literals)
