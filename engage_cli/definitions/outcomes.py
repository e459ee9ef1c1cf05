"""Outcomes of messages: what a provider tells of a message comes back as an ordinary event that carries the message's id."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from engage_cli.definitions.paths import Path, path_of


class Outcome(StrEnum):
    """What came of a message after it was sent."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CONVERTED = "converted"


SUPPRESSING = (Outcome.BOUNCED, Outcome.COMPLAINED)
"""After these the address is not written to any more."""

DEFAULT_NAMES: Mapping[Outcome, tuple[str, ...]] = {
    Outcome.DELIVERED: ("Email Delivered", "Push Notification Received"),
    Outcome.OPENED: ("Email Opened",),
    Outcome.CLICKED: ("Email Link Clicked", "Push Notification Tapped"),
    Outcome.BOUNCED: ("Email Bounced", "Push Notification Bounced"),
    Outcome.COMPLAINED: ("Email Marked as Spam",),
    Outcome.UNSUBSCRIBED: ("Unsubscribed",),
    Outcome.CONVERTED: ("Message Converted",),
}
"""The names that Segment's specs of email (https://segment.com/docs/connections/spec/email/) and mobile events give; `Message Converted` is
ours."""


class Outcomes(Struct, frozen=True):
    """The events that tell each outcome, and the property of theirs that holds the message's id."""

    names: Mapping[Outcome, tuple[str, ...]] = field(default_factory=lambda: dict(DEFAULT_NAMES))
    message_id: Path = field(default_factory=lambda: path_of("message_id"))
