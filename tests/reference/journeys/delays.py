"""When a delay is over (docs/journeys.md, "Delays")."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.reference.instants import day_start, later, literal_instant, local_day, read_duration, shift, utc_of_local
from tests.reference.subject import Subject
from tests.reference.values import read_instant, read_text

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ONE_DAY = timedelta(days=1)
FAR_ENOUGH = 21
"""Days to look ahead for a local time: any day of the week comes by in so many, in spite of clock changes."""


def person_zone(subject: Subject, trait: str | None) -> ZoneInfo:
    """The zone that the trait names as of the subject's instant; the project's where it is missing or no IANA name."""
    name = read_text(subject.trait(trait)[0].value) if trait else None
    if name is None:
        return subject.zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return subject.zone


def delay_end(delay: Any, subject: Subject, zone_trait: str | None) -> datetime:
    """When a delay that began at the subject's instant is over: never before it began."""
    arrival = subject.as_of
    if isinstance(delay, str):
        return max(arrival, later(arrival, delay, subject.zone))
    if "window" in delay:
        return window_moment(delay["window"], arrival, person_zone(subject, zone_trait))
    until = delay["until"]
    if isinstance(until, Mapping) and "time" in until:
        return next_local_time(until, arrival, person_zone(subject, zone_trait))
    instant = _instant_of(until, subject)
    if instant is not None and "offset" in delay:
        instant = _moved(instant, delay["offset"], subject.zone)
    return max(arrival, instant or arrival)


def _instant_of(until: Any, subject: Subject) -> datetime | None:
    if isinstance(until, Mapping):
        return read_instant(subject.referred(until), subject.zone)
    return literal_instant(until, subject.zone) if isinstance(until, datetime) else day_start(until, subject.zone)


def _moved(instant: datetime, offset: str, zone: ZoneInfo) -> datetime:
    duration = read_duration(offset.removeprefix("-").removeprefix("+"))
    return shift(instant, duration.times(-1) if offset.startswith("-") else duration, zone)


def next_local_time(until: Mapping[str, Any], arrival: datetime, zone: ZoneInfo) -> datetime:
    """The first such local time after the arrival. One that a clock change leaves out is the first instant after it, one that comes twice
    the first of the two."""
    for day in _days(local_day(arrival, zone), until.get("days")):
        moment = _local(day, until["time"], zone)
        if moment > arrival:
            return moment
    raise AssertionError(until)


def window_moment(window: Mapping[str, Any], arrival: datetime, zone: ZoneInfo) -> datetime:
    """The arrival if it is inside the window of some day, else the next one's start. A window up to an earlier time ends on the next day."""
    for day in _days(local_day(arrival, zone) - ONE_DAY, window.get("days")):
        last_day = day if _minutes(window["to"]) > _minutes(window["from"]) else day + ONE_DAY
        start, end = _local(day, window["from"], zone), _local(last_day, window["to"], zone)
        if start < end and arrival < end:
            return max(start, arrival)
    raise AssertionError(window)


def _days(first: date, names: list[str] | None) -> Iterator[date]:
    """The days from the first on that have one of the names (None: all)."""
    for ahead in range(FAR_ENOUGH):
        day = first + ahead * ONE_DAY
        if names is None or DAYS[day.weekday()] in names:
            yield day


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _local(day: date, time: str, zone: ZoneInfo) -> datetime:
    """The instant of a time of the day; `24:00` is its end."""
    return utc_of_local(datetime(day.year, day.month, day.day) + timedelta(minutes=_minutes(time)), zone)
