"""Quiet hours as stretches of UTC: exact across changes of clocks, because it is the clock's reading that is quiet."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from engage_cli.definitions.project import QuietHours
from engage_cli.plan.zones import changes_between, offset_at

_DAY = timedelta(days=1)


def quiet_stretches(hours: QuietHours, zone: str, low: datetime, high: datetime) -> list[tuple[datetime, datetime]]:
    """Every [from, until) of quiet in a zone that touches [low, high], in order, none touching the next; aware, UTC.

    Stretches are whole at their ends: the last one goes on to its true end.
    """
    found: list[tuple[datetime, datetime]] = []
    for begins, ends, offset in _segments(zone, low - 2 * _DAY, high + 2 * _DAY):
        for start, end in _of_segment(hours, begins, ends, offset):
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return [(start, end) for start, end in found if end > low and start <= high]


def _segments(zone: str, low: datetime, high: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Stretches in which the zone's offset stays the same, with it."""
    begins, offset = low, offset_at(ZoneInfo(zone), low)
    for change in changes_between(zone, low, high):
        at = change.at.replace(tzinfo=UTC)
        yield begins, at, offset
        begins, offset = at, change.after
    yield begins, high, offset


def _of_segment(hours: QuietHours, begins: datetime, ends: datetime, offset: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The quiet within one segment: the same every day."""
    start, end = timedelta(minutes=hours.start.minutes), timedelta(minutes=hours.end.minutes)
    length = end - start if end > start else end - start + _DAY
    midnight = (begins + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset - _DAY
    while midnight < ends:
        quiet = max(begins, midnight + start), min(ends, midnight + start + length)
        if quiet[0] < quiet[1]:
            yield quiet
        midnight += _DAY
