"""A throttle, as a queue: whoever waits goes as soon as there is room, those of an earlier instant first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference.messages.quiet import Quiet, awake_from


@dataclass(frozen=True)
class Waiting:
    """A candidate of a broadcast."""

    candidate_id: str
    scheduled_at: datetime
    zone: ZoneInfo


def send_instants(waiting: Sequence[Waiting], quiet: Quiet | None, at_most: int, per: timedelta) -> dict[str, datetime]:
    """By candidate when it goes: never more than so many in any (t − per, t]."""
    sent: dict[str, datetime] = {}
    left = sorted(waiting, key=lambda one: (one.scheduled_at, one.candidate_id))
    now = min((one.scheduled_at for one in left), default=None)
    while left and now is not None:
        for one in list(left):
            room = sum(now - per < instant <= now for instant in sent.values()) < at_most
            if room and awake_from(max(one.scheduled_at, now), quiet, one.zone) == now:
                sent[one.candidate_id] = now
                left.remove(one)
        changes = [instant + per for instant in sent.values()] + [awake_from(max(one.scheduled_at, now), quiet, one.zone) for one in left]
        changes += [awake_from(change, quiet, one.zone) for change in changes for one in left]
        now = min((change for change in changes if change > now), default=None)
    return sent
