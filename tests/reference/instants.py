"""Instants, zones, durations and calendar periods, as docs/values.md counts them.

Instants are aware datetimes in UTC; a `zone` is the project's unless said otherwise.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EXACT_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=24),
    "week": timedelta(hours=7 * 24),
}
MONTHS_OF_UNIT = {"month": 1, "year": 12}

_DURATION = re.compile(r"([0-9]+) (second|minute|hour|day|week|month|year)s?")


@dataclass(frozen=True)
class Duration:
    """A whole number of units, such as 30 days. `unit` is singular."""

    amount: int
    unit: str

    def times(self, factor: int) -> "Duration":
        """This duration `factor` times over; a negative factor counts back."""
        return Duration(self.amount * factor, self.unit)


def read_duration(text: str) -> Duration:
    """`30 days`, `1 hour`. Raises ValueError for anything else."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no duration")
    return Duration(int(found[1]), found[2])


def utc_of_local(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time (a naive datetime).

    A local time that a clock change leaves out is the first instant after the gap; one that occurs twice is the first.
    """
    earlier_offset = local.replace(tzinfo=zone, fold=0).utcoffset()
    later_offset = local.replace(tzinfo=zone, fold=1).utcoffset()
    assert earlier_offset is not None
    assert later_offset is not None
    candidates = [(local - offset).replace(tzinfo=UTC) for offset in (earlier_offset, later_offset)]
    existing = [instant for instant in candidates if local_of_utc(instant, zone) == local]
    if existing:
        return min(existing)
    return _clock_change_between(min(candidates), max(candidates), zone)


def _clock_change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant that has the offset of `after`, found by halving the stretch between the two."""
    offset_after = after.astimezone(zone).utcoffset()
    while after - before > timedelta(microseconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset_after:
            after = middle
        else:
            before = middle
    return after


def local_of_utc(instant: datetime, zone: ZoneInfo) -> datetime:
    """What a clock in the zone shows at the instant, as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of the instant in the zone."""
    return local_of_utc(instant, zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a calendar day."""
    return utc_of_local(datetime(day.year, day.month, day.day), zone)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The end of a calendar day, excluded: the first instant of the next."""
    return day_start(day + timedelta(days=1), zone)


def literal_instant(literal: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a condition writes; without an offset it is in the project's zone."""
    return utc_of_local(literal, zone) if literal.tzinfo is None else literal.astimezone(UTC)


def shift(instant: datetime, duration: Duration, zone: ZoneInfo) -> datetime:
    """The instant moved by a duration (a negative amount: back).

    Seconds to weeks are exact. Months and years move the local date, clamp it to the month's end and keep the time of day.
    """
    if duration.unit in EXACT_UNITS:
        return instant + duration.amount * EXACT_UNITS[duration.unit]
    local = local_of_utc(instant, zone)
    months = local.year * 12 + (local.month - 1) + duration.amount * MONTHS_OF_UNIT[duration.unit]
    year, month = months // 12, months % 12 + 1
    day = min(local.day, monthrange(year, month)[1])
    return utc_of_local(local.replace(year=year, month=month, day=day), zone)


def before(instant: datetime, duration: str, zone: ZoneInfo, times: int = 1) -> datetime:
    """`times` durations before the instant."""
    return shift(instant, read_duration(duration).times(-times), zone)


def later(instant: datetime, duration: str, zone: ZoneInfo) -> datetime:
    """One duration after the instant."""
    return shift(instant, read_duration(duration), zone)


def period_bounds(period: str, as_of: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start (included) and end (excluded) of a calendar period of as_of: `today`, `last month`, `next quarter` and so on."""
    today = local_day(as_of, zone)
    first, end = _period_days(period, today)
    return day_start(first, zone), day_start(end, zone)


def _period_days(period: str, today: date) -> tuple[date, date]:
    one_day = timedelta(days=1)
    if period in ("today", "yesterday", "tomorrow"):
        first = today + {"today": 0, "yesterday": -1, "tomorrow": 1}[period] * one_day
        return first, first + one_day
    which, unit = period.split(" ")
    ahead = {"this": 0, "last": -1, "next": 1}[which]
    if unit == "week":
        monday = today - today.weekday() * one_day + ahead * 7 * one_day
        return monday, monday + 7 * one_day
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    month_number = today.year * 12 + today.month - 1
    first_month = (month_number // length + ahead) * length
    return _first_of_month(first_month), _first_of_month(first_month + length)


def _first_of_month(month_number: int) -> date:
    return date(month_number // 12, month_number % 12 + 1, 1)
