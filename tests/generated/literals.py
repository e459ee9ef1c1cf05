"""Strategies for literals: values that the data has, as often as any others."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.generated.pools import NUMBER_LITERALS, TEXT_LITERALS, USERS, Pool, day_literals, instant_literals
from tests.generated.scopes import Target
from tests.reference.instants import day_start, literal_instant, local_day
from tests.reference.values import Datum, read_instant, read_number, read_text

Drawn = st.SearchStrategy[Any]

LARGEST_EXACT = 2**53


def hits(values: Sequence[Any], others: Drawn) -> Drawn:
    """One of the values three times in four, where there is one."""
    seen = st.sampled_from(values) if values else others
    return st.one_of(seen, seen, seen, others)


def texts(target: Target) -> Drawn:
    """Texts."""
    seen = [text for datum in target.data if (text := read_text(datum.value))]
    return hits(seen, st.sampled_from(USERS if target.is_user_id else TEXT_LITERALS))


def parts_of_texts(target: Target) -> Drawn:
    """Beginnings, ends and middles."""
    seen = [text for datum in target.data if (text := read_text(datum.value))]
    return hits([part for text in seen for part in (text, text[:1], text[-1:], text[1:-1]) if part], texts(target))


def numbers(target: Target) -> Drawn:
    """Numbers, whole ones as int."""
    return hits(
        [_number_literal(number) for datum in target.data if (number := _exact(datum)) is not None], st.sampled_from(NUMBER_LITERALS)
    )


def _exact(datum: Datum) -> float | None:
    """The number that the value reads as, if it is one that a definition may write."""
    number = read_number(datum.value)
    return number if number is not None and abs(number) <= LARGEST_EXACT else None


def _number_literal(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def instants(target: Target, pool: Pool) -> Drawn:
    """Instants."""
    seen = [instant for datum in target.data if (instant := read_instant(datum, ZoneInfo(pool.zone)))]
    return hits(seen, instant_literals(pool))


def days(target: Target, pool: Pool) -> Drawn:
    """Bare dates."""
    zone = ZoneInfo(pool.zone)
    seen = [local_day(instant, zone) for datum in target.data if (instant := read_instant(datum, zone))]
    return hits(seen, day_literals(pool))


def literals(target: Target, pool: Pool) -> Drawn:
    """Literals of the type that suits the target."""
    match target.kind:
        case "text":
            return texts(target)
        case "number":
            return numbers(target)
        case "boolean":
            return st.booleans()
        case "date":
            return st.one_of(instants(target, pool), days(target, pool))
    return st.one_of(texts(target), numbers(target), texts(target), st.booleans())


def ordered(target: Target, pool: Pool) -> Drawn:
    """Literals that take `gt` and its like: numbers, instants, dates."""
    return st.one_of(instants(target, pool), days(target, pool)) if target.kind == "date" else numbers(target)


@st.composite
def pairs(draw: st.DrawFn, target: Target, pool: Pool) -> list[Any]:
    """Two of one type, the first not after the second: for `between`."""
    if target.kind == "date":
        strategy = draw(st.sampled_from([instants, days]))(target, pool)
        return sorted([draw(strategy), draw(strategy)], key=lambda end: start_of(end, pool))
    return sorted([draw(numbers(target)), draw(numbers(target))])


def start_of(literal: date | datetime, pool: Pool) -> datetime:
    """The first instant that a literal stands for."""
    zone = ZoneInfo(pool.zone)
    return literal_instant(literal, zone) if isinstance(literal, datetime) else day_start(literal, zone)
