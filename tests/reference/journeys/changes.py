"""At which instants can the answer to a condition change? Found by brute force: a superset, from everything that the user's data hold.

Between two neighbours of `change_instants` no condition over dated inputs changes. tests/reference/test_journeys_changes.py tries it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.instants import Duration, day_start, local_day, local_of_utc, read_duration, shift, utc_of_local
from tests.reference.subject import Subject
from tests.reference.values import Datum, Value, read_instant

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
_DURATION = re.compile(r"[0-9]+ (second|minute|hour|day|week|month|year)s?")


def change_instants(asked: Any, bases: Iterable[datetime], zone: ZoneInfo, low: datetime, high: datetime) -> list[datetime]:
    """Every instant in (low, high] at which the answer may change, in order.

    `asked` is the condition with every definition that it may lead to; `bases` are the instants that the user's data hold: of events, of
    rows, and within values.
    """
    names = set(_keys(asked))
    distinct = sorted(set(bases))
    found = set(distinct)
    for duration, times in sorted(_durations(asked)):
        for base in distinct:
            for factor in (*range(1, times + 1), *range(-times, 0)):
                found |= _around(base, read_duration(duration).times(factor), zone)
    if names & {"period", "anniversary_within_next"}:
        found |= set(_midnights(low, high, zone))
    if set(_texts(asked)) & {"days_since_first", "days_since_last"}:
        for base in distinct:
            found |= {base + n * DAY for n in range((low - base) // DAY, (high - base) // DAY + 1)}
    return sorted(instant for instant in found if low < instant <= high)


def instants_within(value: Value, zone: ZoneInfo, project_zone: ZoneInfo) -> Iterator[datetime]:
    """Every instant that stands somewhere in the value."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from instants_within(inner, zone, project_zone)
    elif isinstance(value, list):
        for inner in value:
            yield from instants_within(inner, zone, project_zone)
    elif (instant := read_instant(Datum(value, zone), project_zone)) is not None:
        yield instant


def data_instants(subject: Subject) -> Iterator[datetime]:
    """The instants of a subject's events, and those within their properties and within the traits."""
    for event in subject.events:
        yield event.timestamp
        yield from instants_within(event.properties, event.zone, subject.zone)
    yield from instants_within(dict(subject.traits), subject.traits_zone, subject.zone)
    for datum in subject.computed.values():
        yield from instants_within(datum.value, datum.zone, subject.zone)


def _around(base: datetime, duration: Duration, zone: ZoneInfo) -> set[datetime]:
    """Where the base comes to lie a duration later. Months: also the clamped days of a month's end and the clock changes at both ends."""
    try:
        centre = shift(base, duration, zone)
    except (OverflowError, ValueError):
        return set()
    if duration.unit not in ("month", "year"):
        return {centre}
    days = [local_day(centre, zone) + n * DAY for n in range(-4, 5)]
    times = {local_of_utc(base, zone).time()}
    for change in _clock_changes(base.year, zone):
        if abs(change - base) < 5 * DAY:
            times |= {local_of_utc(change, zone).time(), (local_of_utc(change - MICROSECOND, zone) + MICROSECOND).time()}
    locals_ = [datetime.combine(day, time) for day in days for time in times]
    found = {instant for local in locals_ for instant in _both(local, zone)}
    found |= {day_start(day, zone) for day in days}
    found |= {change for change in _clock_changes(centre.year, zone) if abs(change - centre) < 5 * DAY}
    return found | {instant + MICROSECOND for instant in found}


def _both(local: datetime, zone: ZoneInfo) -> set[datetime]:
    """The instants of a local time, both if it comes twice."""
    return {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)} | {utc_of_local(local, zone)}


@lru_cache(maxsize=1000)
def _clock_changes(year: int, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants around the year at which the clocks of a zone change."""
    found = []
    instant = datetime(year, 1, 1, tzinfo=UTC) - 10 * DAY
    while instant.year <= year or instant.month == 1:
        following = instant + timedelta(minutes=30)
        if instant.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            found.append(following)
        instant = following
    return tuple(found)


def _midnights(low: datetime, high: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day: date = local_day(low, zone)
    while day <= local_day(high, zone):
        yield day_start(day, zone)
        day += DAY


def _durations(asked: Any) -> set[tuple[str, int]]:
    """Every duration that is written somewhere, and how often it may lie behind another (`regularly`)."""
    if isinstance(asked, Mapping):
        if "regularly" in asked:
            regularly = asked["regularly"]
            return {(regularly["every"], regularly["of_last"])} | _durations({k: v for k, v in asked.items() if k != "regularly"})
        return {duration for value in asked.values() for duration in _durations(value)}
    if isinstance(asked, list | tuple):
        return {duration for value in asked for duration in _durations(value)}
    return {(asked, 1)} if isinstance(asked, str) and _DURATION.fullmatch(asked) else set()


def _keys(asked: Any) -> Iterator[str]:
    if isinstance(asked, Mapping):
        for key, value in asked.items():
            yield key
            yield from _keys(value)
    elif isinstance(asked, list | tuple):
        for value in asked:
            yield from _keys(value)


def _texts(asked: Any) -> Iterator[str]:
    if isinstance(asked, Mapping):
        for value in asked.values():
            yield from _texts(value)
    elif isinstance(asked, list | tuple):
        for value in asked:
            yield from _texts(value)
    elif isinstance(asked, str):
        yield asked
