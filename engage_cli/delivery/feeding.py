"""Which messages of a file are handed over: those that no earlier delivery settled, that come in time, and that may still be sent."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from msgspec import Struct, field

from engage_cli.delivery.log import SETTLED, Entry, Fate, Readings
from engage_cli.delivery.permission import WORDS, Permission
from engage_cli.messaging.message import Message

_AT_A_TIME = 500
EXPIRED = "expired"
EARLY = "early"


class Asking(Struct, frozen=True):
    """As of when messages are looked at, and how long after its `send_at` one may be sent. `again`: those that came to this, too."""

    run: str
    as_of: datetime
    expires_after: timedelta
    again: Collection[Fate] = ()


class Fed(Struct):
    """What was looked at: how many were settled `before`, and those that are not to be sent now, as entries for the log."""

    looked: int = 0
    before: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    held: list[Entry] = field(default_factory=list)

    def take_held(self) -> list[Entry]:
        """The entries since the last time."""
        held, self.held = self.held, []
        return held


def feed(messages: Iterable[Message], asking: Asking, log: Readings, permission: Permission, fed: Fed) -> Iterator[list[Message]]:
    """Those to be handed over, in lists of a few hundred; `fed` tells of the others."""
    remaining = iter(messages)
    while some := list(islice(remaining, _AT_A_TIME)):
        fed.looked += len(some)
        settled = {message_id for message_id, fate in log.fates([one.message_id for one in some]).items() if _is_settled(fate, asking)}
        fed.before += sum(one.message_id in settled for one in some)
        left = [one for one in some if one.message_id not in settled]
        in_time = [one for one in left if not _hold_for_time(one, asking, fed)]
        refusals = permission.refusals(in_time) if in_time else {}
        for one in in_time:
            if one.message_id in refusals:
                reason = refusals[one.message_id]
                _hold(one, Fate.SKIPPED, reason, f"the user {WORDS[reason]}", asking, fed)
        yield [one for one in in_time if one.message_id not in refusals]


def _is_settled(fate: Fate, asking: Asking) -> bool:
    return fate in SETTLED and fate not in asking.again


def _hold_for_time(message: Message, asking: Asking, fed: Fed) -> bool:
    if message.send_at is None:
        return False
    if message.send_at > asking.as_of:
        _hold(message, Fate.WAITING, EARLY, "its time has not come", asking, fed)
        return True
    if message.send_at + asking.expires_after < asking.as_of:
        _hold(message, Fate.EXPIRED, EXPIRED, "it came too late", asking, fed)
        return True
    return False


def _hold(message: Message, fate: Fate, code: str, words: str, asking: Asking, fed: Fed) -> None:
    fed.fates[fate] += 1
    fed.held.append(Entry(message.message_id, asking.run, message.channel, message.user_id, fate, 0, code, words, asking.as_of))
