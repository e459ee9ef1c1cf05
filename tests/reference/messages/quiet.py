"""Quiet hours, minute by minute."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Quiet = tuple[str, str]
"""From and to, such as ("21:00", "08:00")."""


def is_quiet(instant: datetime, quiet: Quiet, zone: ZoneInfo) -> bool:
    """Whether the clock in the zone reads a time in the quiet hours: from the first on, until before the second, over midnight if need be."""
    reading = instant.astimezone(zone).strftime("%H:%M")
    start, end = quiet
    return start <= reading < end if start < end else reading >= start or reading < end


def awake_from(instant: datetime, quiet: Quiet | None, zone: ZoneInfo) -> datetime:
    """The first instant from `instant` on that is not quiet. Clocks only ever change at whole minutes."""
    while quiet is not None and is_quiet(instant, quiet, zone):
        instant = instant.replace(second=0, microsecond=0) + MINUTE
    return instant
