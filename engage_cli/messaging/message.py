"""A message as a run's folder has it: a line of `messages/<channel>.jsonl`, read for those who hand it over.

`message_id`, `user_id` and `to` are there always. A rendered email has `subject`, `html`, `text`, another message `text`; one that the
provider renders (`render: variables`) has `template` and `variables`. What a line has beside is left alone.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from engage_cli.errors import DataError
from engage_cli.source import visible

MARKETING = "marketing"


class Message(Struct, frozen=True):
    """What is sent to whom. `sender` is who it is from, `send_at` the instant that it is meant for (UTC)."""

    message_id: str
    user_id: str
    to: str
    channel: str
    template: str | None = None
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    campaign: str | None = None
    step: str | None = None
    variant: str | None = None
    group: str | None = None
    category: str = MARKETING
    send_at: datetime | None = None
    unsubscribe_url: str | None = None

    @property
    def is_rendered(self) -> bool:
        """Whether there is a text to send; else the provider makes one of the variables."""
        return self.text is not None or self.html is not None

    @property
    def about(self) -> dict[str, str]:
        """What outcomes are told by: the message, and what it was sent for."""
        named = {"message_id": self.message_id, "campaign": self.campaign, "step": self.step, "variant": self.variant}
        return {name: value for name, value in named.items() if value is not None}


def read_message(line: str, channel: str, place: str) -> Message:
    """The message of a line. Raises DataError, naming the place, for a line that is none."""
    try:
        row = json.loads(line)
    except ValueError:
        raise DataError(f"{place} is no line of JSON", hint=_AGAIN) from None
    if not isinstance(row, dict):
        raise DataError(f"{place} is no message", hint=_AGAIN)
    for name in ("message_id", "user_id", "to"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise DataError(f"{place}: the message has no `{name}`", hint=_AGAIN)
    texts = {name: _text(row, name, place) for name in _TEXTS}
    return Message(
        row["message_id"],
        row["user_id"],
        row["to"],
        channel,
        template=texts["template"],
        subject=texts["subject"],
        html=texts["html"],
        text=texts["text"],
        sender=texts["from"],
        reply_to=texts["reply_to"],
        variables=row.get("variables") or {},
        campaign=texts["campaign"],
        step=texts["step"],
        variant=texts["variant"],
        group=texts["group"],
        category=texts["category"] or MARKETING,
        send_at=_instant(texts["send_at"], place),
        unsubscribe_url=texts["unsubscribe_url"],
    )


_TEXTS = (
    *("template", "subject", "html", "text", "from", "reply_to", "campaign", "step", "variant", "group"),
    *("category", "send_at", "unsubscribe_url"),
)


_AGAIN = "the files of a run are not to be changed: take the folder away, and the next run writes it again"


def _text(row: Mapping[str, Any], name: str, place: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise DataError(f"{place}: `{name}` is no text", hint=_AGAIN)
    return value


def _instant(text: str | None, place: str) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(f"{place}: `send_at` {visible(text[:40])} is no instant", hint=_AGAIN) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
