"""What a relative instant is for one subject, and how it moves as the subject's own instant does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions.values import Duration
from engage_cli.plan.instants import EARLIEST, LATEST, Stretch, add_months, from_local, months_of, shift, start_of_day, to_local
from engage_cli.plan.relative import Arrived, CalendarUnit, Own, Relative, Shifted, Turned
from engage_cli.plan.resolve import anniversaries
from engage_cli.plan.zones import changes_between

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
            return _less(resolve(relative, low, zone), CLOCK_CHANGE)
        case _:
            assert_never(relative)


def first_instant(stretch: Stretch, low: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The first instant that can lie in a stretch of a subject whose own instant is not before `low`; None where there is no such."""
    if stretch.low is None or isinstance(stretch.low.instant, datetime):
        return stretch.since
    return None if low is None else earliest(stretch.low.instant, low, zone)


# ---- how it moves --------------------------------------------------------------------------------------------------

LONGEST_CLAMP = timedelta(days=4)
"""So many days of a month can fall on the last of another."""


class Jump(Struct, frozen=True):
    """At `at` a relative instant leaves out, or goes back over, what lies between `low` and `high` (both included)."""

    at: datetime
    low: datetime
    high: datetime


def moves_within(relative: Own | Shifted | Turned, low: datetime, high: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What a relative instant can be while the subject's own one goes from `low` to `high`, and a little more where local time decides."""
    first, last = resolve(relative, low, zone), resolve(relative, high, zone)
    if isinstance(relative, Own) or (isinstance(relative, Shifted) and not relative.duration.unit.is_calendar):
        return first, last
    return _less(first, CLOCK_CHANGE + LONGEST_CLAMP), _more(last, CLOCK_CHANGE + LONGEST_CLAMP)


def jumps(relative: Shifted | Turned, low: datetime, high: datetime, zone: ZoneInfo) -> list[Jump]:
    """Every jump of a relative instant while the subject's own one goes from `low` (left out) to `high`, in order.

    Between two of them it moves on as time does. Clocks that change, here or there, make it jump or stand still, and so do ends of months,
    which several days share. Where it is about to stand still, or has done so, it is said to jump, too.
    """
    found = []
    there = set(_clock_changes_there(relative.duration, relative.times, low, high, zone)) if isinstance(relative, Shifted) else set()
    for at in sorted(one for one in there.union(_turns_here(relative, low, high, zone)) if low < one <= high):
        before, after = resolve(relative, at - MICROSECOND, zone), resolve(relative, at, zone)
        if at in there or after - before not in (MICROSECOND, timedelta()):
            found.append(Jump(at, min(before, after), max(before, after)))
    return found


def _turns_here(relative: Shifted | Turned, low: datetime, high: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    yield from (change.at.replace(tzinfo=UTC) for change in changes_between(zone.key, low, high))
    for day in local_days(low, high, zone):
        if isinstance(relative, Turned) or day.day in (1, 29, 30, 31):
            yield start_of_day(day, zone)


def _clock_changes_there(duration: Duration, times: int, low: datetime, high: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The subject's instants for which the moved one is where a clock changes."""
    relative = Shifted(duration, times)
    start, end = moves_within(relative, low, high, zone)
    folds = fold_lengths(zone, low, high)
    for change in changes_between(zone.key, start, end):
        for local in (change.at + change.before, change.at + change.after):
            back = add_months(local, -times * months_of(duration))
            for days in range(LONGEST_CLAMP.days):
                first = from_local(back + timedelta(days=days), zone)
                yield from (first + fold for fold in folds)


def fold_lengths(zone: ZoneInfo, low: datetime, high: datetime) -> list[timedelta]:
    """By how much clocks go back between two instants, each once, nothing among them: what a second instant of a local time is later."""
    back = (change.before - change.after for change in changes_between(zone.key, _less(low, CLOCK_CHANGE), _more(high, CLOCK_CHANGE)))
    return sorted({timedelta(), *(length for length in back if length > timedelta())})


def local_days(low: datetime, high: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The local days of an instant, of another, and all between; in order."""
    day, last = to_local(low, zone).date(), to_local(high, zone).date()
    yield day
    while day < last:
        day += timedelta(days=1)
        yield day


def anniversaries_turning(days: int, low: datetime, high: datetime, zone: ZoneInfo) -> list[tuple[datetime, tuple[int, int]]]:
    """When, after `low` and up to `high`, which days of the year (month, day) begin or end to come again within so many days."""
    found = []
    clocks = [change.at.replace(tzinfo=UTC) for change in changes_between(zone.key, low, high)]
    midnights = [start_of_day(day, zone) for day in local_days(low, high, zone)]
    for at in sorted({one for one in (*clocks, *midnights) if low < one <= high}):
        before, after = to_local(at - MICROSECOND, zone).date(), to_local(at, zone).date()
        if before != after:
            turning = set(anniversaries(before, days)) ^ set(anniversaries(after, days))
            found += [(at, day) for day in sorted(turning)]
    return found


def _less(instant: datetime, by: timedelta) -> datetime:
    return EARLIEST if instant - EARLIEST < by else instant - by


def _more(instant: datetime, by: timedelta) -> datetime:
    return LATEST if LATEST - instant < by else instant + by
