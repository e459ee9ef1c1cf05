"""What the operators mean (docs/values.md, "Operators" and "Two values of data")."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from tests.reference.instants import before, day_end, day_start, later, literal_instant, local_day, period_bounds, read_duration
from tests.reference.subject import Subject
from tests.reference.values import Datum, Value, is_missing, read_boolean, read_instant, read_number, read_text

Literal: TypeAlias = str | int | float | bool | date | datetime
Reference: TypeAlias = Mapping[str, str]
Operand: TypeAlias = Any
"""A literal, a reference, a list of these, a duration or a period, as the operator takes it."""

POSITIVE_OF = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_matches": "matches"}
OPERATORS = {
    *("eq", "ne", "gt", "gte", "lt", "lte", "between", "in", "not_in", "in_file", "exists", "period"),
    *("contains", "not_contains", "contains_any", "starts_with", "ends_with", "matches", "not_matches"),
    *("before", "after", "since", "until", "within_last", "older_than", "within_next", "later_than", "anniversary_within_next"),
    "ignore_case",
}


def is_reference(operand: Operand) -> bool:
    """`{trait: home_city}`, `{ref: viewed.product_id}`, `{context: entry.cart_id}`, or the key that `match` compares with."""
    return isinstance(operand, Mapping) and len(operand) == 1 and next(iter(operand)) in ("trait", "ref", "context", "key")


def compares(data: Sequence[Datum], tests: Mapping[str, Operand], subject: Subject) -> bool:
    """Whether the value (or, of a path with `[]`, its elements) meets all the operators.

    The positive ones are met by one and the same element; each negative one says that no element meets its positive.
    """
    ignore_case = tests.get("ignore_case", False)
    positive: list[tuple[str, Operand]] = []
    negative: list[tuple[str, Operand]] = []
    for operator, operand in tests.items():
        if operator == "ignore_case":
            continue
        if operator in POSITIVE_OF:
            negative.append((POSITIVE_OF[operator], operand))
        elif operator == "exists" and operand is False:
            negative.append(("exists", True))
        else:
            positive.append((operator, operand))

    def meets(datum: Datum, operator: str, operand: Operand) -> bool:
        return not is_missing(datum.value) and _Test(datum, subject, ignore_case).holds(operator, operand)

    some_element_meets_all = any(all(meets(datum, *test) for test in positive) for datum in data)
    if positive and not some_element_meets_all:
        return False
    return not any(meets(datum, *test) for datum in data for test in negative)


class _Test:
    """One present value, asked one positive operator."""

    def __init__(self, datum: Datum, subject: Subject, ignore_case: bool) -> None:
        self.datum = datum
        self.value = datum.value
        self.subject = subject
        self.ignore_case = ignore_case

    def holds(self, operator: str, operand: Operand) -> bool:
        match operator:
            case "exists":
                return True
            case "eq":
                return self.equals(operand)
            case "in":
                return any(self.equals(one) for one in operand) if isinstance(operand, list) else self.equals(operand)
            case "in_file":
                return self.text() is not None and self.text() in [self.cased(line) for line in self.subject.lists[operand]]
            case "contains":
                return self.contains(operand)
            case "contains_any":
                return any(self.contains(one) for one in operand)
            case "starts_with":
                return self.compares_text(operand, lambda text, part: text.startswith(part))
            case "ends_with":
                return self.compares_text(operand, lambda text, part: text.endswith(part))
            case "matches":
                return self.matches(operand)
            case "between":
                return self.is_ordered("gte", operand[0]) and self.is_ordered("lte", operand[1])
            case "gt" | "gte" | "lt" | "lte" | "after" | "before" | "since" | "until":
                return self.is_ordered(operator, operand)
            case "within_last" | "older_than" | "within_next" | "later_than" | "period" | "anniversary_within_next":
                return self.is_dated(operator, operand)
        raise ValueError(f"{operator!r} is no operator")

    # ---- texts

    def cased(self, text: str) -> str:
        return text.lower() if self.ignore_case else text

    def text(self) -> str | None:
        text = read_text(self.value)
        return None if text is None else self.cased(text)

    def operand_text(self, operand: Literal | Reference) -> str | None:
        """The text of a literal, or of the value that a reference names."""
        value: Value
        if isinstance(operand, Mapping):
            value = self.subject.referred(operand).value
        elif isinstance(operand, datetime):
            value = literal_instant(operand, self.subject.zone)
        else:
            value = operand
        text = read_text(value)
        return None if text is None else self.cased(text)

    def compares_text(self, operand: Literal | Reference, relation: Any) -> bool:
        text, part = self.text(), self.operand_text(operand)
        return text is not None and part is not None and bool(relation(text, part))

    def contains(self, operand: Literal | Reference) -> bool:
        if isinstance(self.value, list):
            elements = [_Test(Datum(element, self.datum.zone), self.subject, self.ignore_case) for element in self.value]
            return any(element.equals_scalar(operand) for element in elements)
        return self.compares_text(operand, lambda text, part: part in text)

    def matches(self, pattern: str) -> bool:
        """RE2 and Python's `re` agree on the patterns that the tests use."""
        text = read_text(self.value)
        flags = re.IGNORECASE if self.ignore_case else 0
        return text is not None and re.search(pattern, text, flags) is not None

    # ---- equality

    def equals(self, operand: Literal | Reference) -> bool:
        """A list stands for its elements, on the right side too if that is a value of data."""
        lefts = self.value if isinstance(self.value, list) else [self.value]
        rights: list[Any] = [operand]
        if isinstance(operand, Mapping):
            right = self.subject.referred(operand).value
            rights = [read_text(one) for one in (right if isinstance(right, list) else [right])]
        tests = [_Test(Datum(left, self.datum.zone), self.subject, self.ignore_case) for left in lefts]
        return any(test.equals_scalar(one) for test in tests for one in rights if one is not None)

    def equals_scalar(self, operand: Literal | Reference) -> bool:
        """Equal as the literal's type; as text to a value of data."""
        if isinstance(operand, str | Mapping):
            return self.compares_text(operand, lambda text, other: text == other)
        if isinstance(operand, bool):
            return read_boolean(self.value) is operand
        if isinstance(operand, int | float):
            return read_number(self.value) == float(operand)
        instant = self.instant()
        if instant is None:
            return False
        if isinstance(operand, datetime):
            return instant == literal_instant(operand, self.subject.zone)
        return local_day(instant, self.subject.zone) == operand

    # ---- order and dates

    def instant(self) -> datetime | None:
        return read_instant(self.datum, self.subject.zone)

    def is_ordered(self, operator: str, operand: Literal | Reference) -> bool:
        if isinstance(operand, Mapping):
            return self.is_ordered_against_data(operator, self.subject.referred(operand))
        if isinstance(operand, datetime):
            instant = literal_instant(operand, self.subject.zone)
            return _in_order(operator, self.instant(), instant)
        if isinstance(operand, date):
            return self.is_ordered_against_day(operator, operand)
        return _in_order(operator, read_number(self.value), float(operand))

    def is_ordered_against_day(self, operator: str, day: date) -> bool:
        """A date stands for its whole day: after it is from its end on, up to it is before its end."""
        instant = self.instant()
        if instant is None:
            return False
        start, end = day_start(day, self.subject.zone), day_end(day, self.subject.zone)
        match operator:
            case "gt" | "after":
                return instant >= end
            case "gte" | "since":
                return instant >= start
            case "lt" | "before":
                return instant < start
            case "lte" | "until":
                return instant < end
        raise ValueError(operator)

    def is_ordered_against_data(self, operator: str, other: Datum) -> bool:
        """As numbers if both read so (not for the operators of dates), else as instants, else false."""
        if operator in ("gt", "gte", "lt", "lte"):
            left, right = read_number(self.value), read_number(other.value)
            if left is not None and right is not None:
                return _in_order(operator, left, right)
        instant = read_instant(other, self.subject.zone)
        return instant is not None and _in_order(operator, self.instant(), instant)

    def is_dated(self, operator: str, operand: str) -> bool:
        instant = self.instant()
        if instant is None:
            return False
        as_of, zone = self.subject.as_of, self.subject.zone
        match operator:
            case "within_last":
                return before(as_of, operand, zone) < instant <= as_of
            case "older_than":
                return instant <= before(as_of, operand, zone)
            case "within_next":
                return as_of < instant <= later(as_of, operand, zone)
            case "later_than":
                return instant > later(as_of, operand, zone)
            case "period":
                start, end = period_bounds(operand, as_of, zone)
                return start <= instant < end
        return _has_anniversary(local_day(instant, zone), local_day(as_of, zone), operand)


def _in_order(operator: str, left: Any, right: Any) -> bool:
    """Whether two numbers or two instants stand so to each other; false if the left one does not read so."""
    if left is None:
        return False
    match operator:
        case "gt" | "after":
            return bool(left > right)
        case "gte" | "since":
            return bool(left >= right)
        case "lt" | "before" | "until":
            return bool(left < right)
        case "lte":
            return bool(left <= right)
    raise ValueError(operator)


def _has_anniversary(day: date, today: date, duration: str) -> bool:
    """Whether the month and day come round on a day from today to today + N, both in. 29 February falls on the 28th."""
    length = read_duration(duration)
    days = length.amount * {"day": 1, "week": 7}[length.unit]
    return any(_falls_on(day, today + timedelta(days=ahead)) for ahead in range(days + 1))


def _falls_on(day: date, candidate: date) -> bool:
    is_leap = candidate.year % 4 == 0 and (candidate.year % 100 != 0 or candidate.year % 400 == 0)
    if (day.month, day.day) == (2, 29) and not is_leap:
        return (candidate.month, candidate.day) == (2, 28)
    return (day.month, day.day) == (candidate.month, candidate.day)
