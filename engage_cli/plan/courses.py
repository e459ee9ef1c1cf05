"""What a relative instant is for one subject, and how it moves as the subject's own instant does."""

from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from engage_cli.plan.instants import EARLIEST, Stretch, add_months, shift, start_of_day, to_local
from engage_cli.plan.relative import Arrived, CalendarUnit, Own, Relative, Shifted, Turned

MICROSECOND = timedelta(microseconds=1)
CLOCK_CHANGE = timedelta(days=2)
"""No clock change moves local time by so much."""
_MONTHS = {CalendarUnit.MONTH: 1, CalendarUnit.QUARTER: 3, CalendarUnit.YEAR: 12}


def resolve(relative: Own | Shifted | Turned, at: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a subject whose own one is `at`."""
    match relative:
        case Own():
            return at
        case Shifted(duration, times):
            return shift(at, duration, times, zone)
        case Turned(unit, turns):
            return _turned(unit, turns, at, zone)
        case _:
            assert_never(relative)


def _turned(unit: CalendarUnit, turns: int, at: datetime, zone: ZoneInfo) -> datetime:
    today = to_local(at, zone).date()
    if unit in _MONTHS:
        length = _MONTHS[unit]
        first = (today.year * 12 + today.month - 1) // length * length
        months = turns * length + first - (today.year * 12 + today.month - 1)
        return start_of_day(add_months(to_local(at, zone).replace(day=1), months).date(), zone)
    start = today - timedelta(days=today.weekday() if unit is CalendarUnit.WEEK else 0)
    return start_of_day(start + timedelta(days=turns * (7 if unit is CalendarUnit.WEEK else 1)), zone)


def earliest(relative: Relative, low: datetime, zone: ZoneInfo) -> datetime | None:
    """An instant that `relative` is not before for any subject whose own instant is not before `low`; None where nothing is known.

    Local time goes back where clocks do, so what is computed through it may be a little before what it is for `low` itself.
    """
    match relative:
        case Arrived():
            return None
        case Own():
            return low
        case Shifted(duration) if not duration.unit.is_calendar:
            return resolve(relative, low, zone)
        case Shifted() | Turned():
            found = resolve(relative, low, zone)
            return EARLIEST if found - EARLIEST < CLOCK_CHANGE else found - CLOCK_CHANGE
        case _:
            assert_never(relative)


def first_instant(stretch: Stretch, low: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The first instant that can lie in a stretch of a subject whose own instant is not before `low`; None where there is no such."""
    if stretch.low is None or isinstance(stretch.low.instant, datetime):
        return stretch.since
    return None if low is None else earliest(stretch.low.instant, low, zone)
