"""Instants, calendar arithmetic in a zone, and the stretches of time that windows mean. Pure: nothing reads a clock.

Instants are aware datetimes in UTC, with microseconds. Where subjects have instants of their own, `as_of` is OWN and the ends of
stretches are relative to it.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions.conditions import BetweenAgo, InPeriod, Range, Window, Within
from engage_cli.definitions.values import SECONDS, Day, Duration, Instant, Period, Unit
from engage_cli.plan.relative import Own, Shifted, Turned, When, turn_of

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


class Bound(Struct, frozen=True):
    """One end of a stretch, itself in or out."""

    instant: When
    inclusive: bool


class Stretch(Struct, frozen=True):
    """Instants between two bounds; None is open to that side."""

    low: Bound | None = None
    high: Bound | None = None

    @property
    def since(self) -> datetime | None:
        """The first instant that can lie in the stretch; None where it has no beginning, or each subject one of its own."""
        if self.low is None or not isinstance(self.low.instant, datetime):
            return None
        return self.low.instant if self.low.inclusive else self.low.instant + timedelta(microseconds=1)

    def up_to(self, as_of: datetime | Own) -> "Stretch":
        """The part at or before `as_of`. What a subject sees ends at its own instant anyhow."""
        if isinstance(as_of, Own):
            return self
        limit = Bound(as_of, inclusive=True)
        ends = self.high is not None and isinstance(self.high.instant, datetime) and self.high.instant <= as_of
        return self if ends else Stretch(self.low, limit)


def from_local(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a naive local time: after a gap the first instant that exists, of two the first."""
    try:
        instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        return EARLIEST if local.year < 5000 else LATEST
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _end_of_gap(instant, zone)


def _end_of_gap(instant: datetime, zone: ZoneInfo) -> datetime:
    """The clock change just before `instant`, found by halving: `instant` was read with the offset from before the gap."""
    low, high = instant - timedelta(days=2), instant
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive local time of an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


MOST_DAYS = 1024
"""How long a stretch may be that days_of describes."""


def days_of(stretch: Stretch, first: datetime | None) -> tuple[date, int] | None:
    """The days, in whatever zone, on which an event of a stretch can be where none is before `first`: the first of them, and how many.

    None where there are too many, where that is not known, or where subjects have stretches of their own.
    """
    ends = [bound.instant for bound in (stretch.low, stretch.high) if bound is not None]
    if first is None or stretch.high is None or not all(isinstance(instant, datetime) for instant in ends):
        return None
    assert isinstance(stretch.high.instant, datetime)
    # No zone is more than a day away from UTC.
    begin = max(first, stretch.since or first).date().toordinal() - 1
    count = stretch.high.instant.date().toordinal() + 1 - begin + 1
    return (date.fromordinal(max(begin, 1)), count) if 0 < count <= MOST_DAYS else None


class DayPiece(Struct, frozen=True):
    """A part of a stretch, and the local days of its instants: `first` and those after it, `count` in all."""

    stretch: Stretch
    first: date
    count: int


def pieces_of_days(stretch: Stretch, first: datetime | None, zone: ZoneInfo, most: int) -> tuple[DayPiece, ...]:
    """A stretch in pieces of at most `most` local days, no two of which have a day in common; none where days_of knows no days.

    `most` is a week or more: a piece may be some days shorter, where clocks change.
    """
    days = days_of(stretch, first)
    if days is None:
        return ()
    begin, end = days[0].toordinal(), days[0].toordinal() + days[1]
    low, found = stretch.low, []
    while end - begin > most:
        cut = begin + most
        while not _is_calm(start_of_day(date.fromordinal(cut), zone), zone):
            cut -= 1
        instant = start_of_day(date.fromordinal(cut), zone)
        found.append(DayPiece(Stretch(low, Bound(instant, inclusive=False)), date.fromordinal(begin), cut - begin))
        begin, low = cut, Bound(instant, inclusive=True)
    return (*found, DayPiece(Stretch(low, stretch.high), date.fromordinal(begin), end - begin))


def _is_calm(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks change neither a day before nor a day after: then no local day before it comes again after it."""
    try:
        offsets = {(instant + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-25, 26)}
    except OverflowError:  # at the end of all dates
        return False
    return len(offsets) == 1


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return from_local(datetime.combine(day, time()), zone)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant of a local day, and that of the next one."""
    following = LATEST if day == date.max else start_of_day(day + timedelta(days=1), zone)
    return start_of_day(day, zone), following


def add_months(local: datetime, months: int) -> datetime:
    """`local` moved by calendar months, clamped to the month's end and to the years a datetime has."""
    index = local.year * 12 + local.month - 1 + months
    year, month = divmod(index, 12)
    if year < 1:
        return EARLIEST.replace(tzinfo=None)
    if year > 9999:
        return LATEST.replace(tzinfo=None)
    return local.replace(year=year, month=month + 1, day=min(local.day, _days_in_month(year, month + 1)))


def _days_in_month(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) != (9999, 12) else None
    return 31 if following is None else (following - timedelta(days=1)).day


def months_of(duration: Duration) -> int:
    """The months of a calendar duration."""
    return duration.amount * (12 if duration.unit is Unit.YEAR else 1)


def seconds_of(duration: Duration) -> int:
    """The seconds of an exact duration."""
    return duration.amount * SECONDS[duration.unit]


def shift(instant: datetime, duration: Duration, times: int, zone: ZoneInfo) -> datetime:
    """`instant` moved by `times` durations (negative: back), clamped to the years 1 to 9999."""
    if duration.unit.is_calendar:
        return from_local(add_months(to_local(instant, zone), times * months_of(duration)), zone)
    try:
        return instant + timedelta(seconds=times * seconds_of(duration))
    except OverflowError:
        return LATEST if times > 0 else EARLIEST


def moved(as_of: datetime | Own, duration: Duration, times: int, zone: ZoneInfo) -> When:
    """`as_of` moved by `times` durations, of everybody or of each subject."""
    if isinstance(as_of, datetime):
        return shift(as_of, duration, times, zone)
    return Shifted(duration, times) if times else as_of


def instant_of(literal: Instant, zone: ZoneInfo) -> datetime:
    """A literal's instant; one without an offset is in `zone`."""
    return from_local(literal.value, zone) if literal.value.tzinfo is None else literal.value.astimezone(UTC)


def since_instant(literal: Instant | Day, zone: ZoneInfo) -> datetime:
    """The first instant of `since: literal`."""
    return start_of_day(literal.value, zone) if isinstance(literal, Day) else instant_of(literal, zone)


def until_instant(literal: Instant | Day, zone: ZoneInfo) -> datetime:
    """The excluded end of `until: literal`; a bare date takes its whole day in."""
    return day_bounds(literal.value, zone)[1] if isinstance(literal, Day) else instant_of(literal, zone)


def period_days(period: Period, today: date) -> tuple[date, date]:
    """The first day of a calendar period and the day after its last, `today` being the local day of as_of."""
    match period:
        case Period.TODAY | Period.YESTERDAY | Period.TOMORROW:
            offset = {Period.TODAY: 0, Period.YESTERDAY: -1, Period.TOMORROW: 1}[period]
            return today + timedelta(days=offset), today + timedelta(days=offset + 1)
        case Period.THIS_WEEK | Period.LAST_WEEK | Period.NEXT_WEEK:
            monday = today - timedelta(days=today.weekday()) + timedelta(weeks=_turn(period))
            return monday, monday + timedelta(weeks=1)
        case _:
            length = {"month": 1, "quarter": 3, "year": 12}[period.value.split()[1]]
            index = (today.year * 12 + today.month - 1) // length * length + _turn(period) * length
            return _first_of(index), _first_of(index + length)


def _turn(period: Period) -> int:
    return {"last": -1, "this": 0, "next": 1}[period.value.split()[0]]


def _first_of(month_index: int) -> date:
    return date(month_index // 12, month_index % 12 + 1, 1)


def period_stretch(period: Period, as_of: datetime | Own, zone: ZoneInfo) -> Stretch:
    """A calendar period of as_of, whole."""
    if isinstance(as_of, Own):
        first = turn_of(period)
        return Stretch(Bound(first, True), Bound(Turned(first.unit, first.turns + 1), False))
    start, following = period_days(period, to_local(as_of, zone).date())
    return Stretch(Bound(start_of_day(start, zone), True), Bound(start_of_day(following, zone), False))


def window_stretch(window: Window, as_of: datetime | Own, zone: ZoneInfo) -> Stretch:
    """The instants at or before as_of that a window takes in."""
    match window:
        case None:
            stretch = Stretch()
        case Within(duration):
            stretch = Stretch(Bound(moved(as_of, duration, -1, zone), False))
        case BetweenAgo(far, near):
            low, high = moved(as_of, far, -1, zone), moved(as_of, near, -1, zone)
            stretch = Stretch(Bound(low, False), Bound(high, True))
        case Range(since, until):
            low_bound = None if since is None else Bound(since_instant(since, zone), True)
            high_bound = None if until is None else Bound(until_instant(until, zone), False)
            stretch = Stretch(low_bound, high_bound)
        case InPeriod(period):
            stretch = period_stretch(period, as_of, zone)
        case _:
            assert_never(window)
    return stretch.up_to(as_of)
