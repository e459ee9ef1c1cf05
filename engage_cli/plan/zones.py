"""When the clocks of a zone change: by the rules of Python's zoneinfo, which everything here goes by."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

FIRST, LAST = 1840, 2100
"""The years that are looked at. No zone had any rule before."""
STEP = timedelta(days=2)
"""No zone ever changed its offset twice within two days."""
SECOND = timedelta(seconds=1)


class Change(Struct, frozen=True):
    """At the UTC instant `at` a zone's offset from UTC goes from `before` to `after`."""

    at: datetime
    before: timedelta
    after: timedelta


@lru_cache(maxsize=64)
def changes(zone: str) -> tuple[Change, ...]:
    """Every change of a zone's offset in the years of the tables, in order."""
    info = ZoneInfo(zone)
    if info.utcoffset(None) is not None:  # zoneinfo says it without an instant where it never changes
        return ()
    found: list[Change] = []
    offset = offset_at(info, datetime(FIRST, 1, 1, tzinfo=UTC))
    for instant in _near_changes(info):
        later = instant + STEP
        if offset_at(info, later) != offset:
            at = _change_between(info, instant, later)
            found.append(Change(at.replace(tzinfo=None), offset, offset_at(info, at)))
            offset = found[-1].after
    return tuple(found)


def _near_changes(info: ZoneInfo) -> Iterator[datetime]:
    """Instants in order, a step from one to the next, but for stretches in which nothing changes.

    Those are found by midnights of the zone's own clock: to ask zoneinfo about them takes a fifth of what asking about instants does. A
    midnight is within a day and a bit of the instant of that name in UTC, and one that a change skips has the offset before it.
    """
    first, end = date(FIRST, 1, 1).toordinal(), date(LAST + 1, 1, 1).toordinal()
    days = range(first, end + STEP.days, STEP.days)
    offsets = list(map(info.utcoffset, map(datetime.fromordinal, days)))
    done = first
    for place, (one, other) in enumerate(pairwise(offsets)):
        if one != other:
            near = days[place]
            for day in range(max(done, near - 2 * STEP.days), min(near + 2 * STEP.days, end), STEP.days):
                yield datetime.fromordinal(day).replace(tzinfo=UTC)
                done = day + STEP.days


def offset_at(info: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(info).utcoffset()
    assert offset is not None
    return offset


def _change_between(info: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second with another offset than `before` has."""
    old = offset_at(info, before)
    while after - before > SECOND:
        middle = before + timedelta(seconds=(after - before) // SECOND // 2)
        before, after = (middle, after) if offset_at(info, middle) == old else (before, middle)
    return after


def changes_between(zone: str, low: datetime, high: datetime) -> list[Change]:
    """The changes of a zone's offset after `low`, up to `high` (both aware)."""
    ends = low.astimezone(UTC).replace(tzinfo=None), high.astimezone(UTC).replace(tzinfo=None)
    return [change for change in changes(zone) if ends[0] < change.at <= ends[1]]
