"""When a broadcast is: its own instant of sending, the one for a recipient's zone, and the one at which its test is decided. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engage_cli.definitions.broadcast import Broadcast, SendAt
from engage_cli.definitions.values import Day
from engage_cli.plan.instants import from_local, shift, since_instant

FIRST_OFFSET = timedelta(hours=14)
"""Where on Earth a local time comes first: UTC+14, on the Line Islands."""


def instant_of_sending(broadcast: Broadcast, zone: str) -> datetime | None:
    """As of when the recipients are found, and from when on there are candidates; None: when it is sent by hand.

    In the project's zone; of a local time the first instant at which it is that time anywhere.
    """
    if broadcast.send_at is None:
        return None
    if broadcast.send_at.local:
        return (_wall(broadcast.send_at) - FIRST_OFFSET).replace(tzinfo=UTC)
    return since_instant(broadcast.send_at.instant, ZoneInfo(zone))


def instant_in(broadcast: Broadcast, instant: datetime, zone: str, *, at_once: bool) -> datetime:
    """When somebody of a zone is meant to get it, of a broadcast whose own instant is `instant`. `at_once`: whatever their clock shows."""
    if at_once or broadcast.send_at is None or not broadcast.send_at.local:
        return instant
    return max(instant, from_local(_wall(broadcast.send_at), ZoneInfo(zone)))


def instant_of_decision(broadcast: Broadcast, instant: datetime, zone: str) -> datetime | None:
    """When the winner is known; None where nothing is tested that somebody waits for."""
    return None if broadcast.winner is None else shift(instant, broadcast.winner.after, 1, ZoneInfo(zone))


def _wall(send_at: SendAt) -> datetime:
    """What the clock shows, naive."""
    if isinstance(send_at.instant, Day):
        return datetime.combine(send_at.instant.value, time())
    return send_at.instant.value
