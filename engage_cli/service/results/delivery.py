"""What `deliver` shows."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.service.results.common import DataReport


class DeliveryFailure(Struct, frozen=True):
    """A message that was not taken: what became of it, and the server's words."""

    message_id: str
    fate: str
    code: str | None
    answer: str | None


class ChannelDelivery(Struct, frozen=True):
    """What became of a run's messages on a channel. `destination` is None where none of engage.yaml takes them: nothing was done. Nor was
    it where `form` is not jsonl.

    `before` were settled by earlier deliveries; `left` are those that were not looked at because everything stopped. In a dry run `sent`
    are those that would be.
    """

    run: str
    channel: str
    destination: str | None
    messages: int
    before: int = 0
    sent: int = 0
    refused: int = 0
    waiting: int = 0
    uncertain: int = 0
    skipped: int = 0
    expired: int = 0
    left: int = 0
    failures: tuple[DeliveryFailure, ...] = ()
    """The first of those that need a look."""
    form: str = "jsonl"
    """How the run wrote them; only jsonl can be handed over."""
    expires_after: str | None = None
    """How long after its `send_at` the destination takes a message."""
    file: str | None = None
    """Where the requests of this delivery were written, where the destination is a folder: a path from the project's folder."""


class DeliveryResult(Struct, frozen=True):
    """A delivery. `lost`: of so many messages an earlier one, which was cut off, left it open whether they were sent; `stopped` says why
    this one ended early."""

    as_of: datetime
    dry_run: bool
    channels: tuple[ChannelDelivery, ...]
    lost: int
    stopped: str | None
    hint: str | None
    log: Path
    data: DataReport

    @property
    def is_whole(self) -> bool:
        """Whether every message that was looked at came to its end as it should."""
        bad = any(one.refused or one.waiting or one.uncertain or one.left for one in self.channels)
        return self.stopped is None and not self.lost and not bad
