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


def send_instants(
    waiting: Sequence[Waiting], quiet: Quiet | None, at_most: int, per: timedelta, given: Sequence[datetime] = ()
) -> dict[str, datetime]:
    """By candidate when it goes: never more than so many in any (t − per, t], those counted that others were `given` before."""
    sent: dict[str, datetime] = {}
    left = sorted(waiting, key=lambda one: (one.scheduled_at, one.candidate_id))
    now = min((one.scheduled_at for one in left), default=None)
    while left and now is not None:
        for one in list(left):
            taken = [*sent.values(), *given]
            if awake_from(max(one.scheduled_at, now), quiet, one.zone) == now and has_room(now, taken, at_most, per):
                sent[one.candidate_id] = now
                left.remove(one)
        changes = [instant + per for instant in (*sent.values(), *given)]
        changes += [awake_from(max(one.scheduled_at, now), quiet, one.zone) for one in left]
        changes += [awake_from(change, quiet, one.zone) for change in changes for one in left]
        now = min((change for change in changes if change > now), default=None)
    return sent


def has_room(now: datetime, taken: Sequence[datetime], at_most: int, per: timedelta) -> bool:
    """Whether one more at `now` leaves every stretch that it falls in with no more than so many."""
    ends = [now, *(end for end in taken if now < end < now + per)]
    return all(sum(end - per < instant <= end for instant in taken) < at_most for end in ends)
