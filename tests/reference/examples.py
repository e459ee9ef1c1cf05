"""Short forms for the worked examples of the tests beside this file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.reference.case import members
from tests.reference.dataset import Dataset, EventRow, ProfileRow
from tests.reference.values import Value

AS_OF = "2026-03-31 12:00"


def utc(text: str) -> datetime:
    """The instant that the text gives in UTC: `utc("2026-03-29 01:30")`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    """A local time, without a zone."""
    return datetime.fromisoformat(text)


def done(event: str, when: str, properties: Mapping[str, Value] | None = None, *, key: str | None = None, user: str = "ann") -> EventRow:
    """One event of ann's (or of another user's); `key` is its message id."""
    return EventRow(user, event, utc(when), properties or {}, key)


def trait_meets(
    value: Value, tests: Mapping[str, Any], *, as_of: str = AS_OF, zone: str = "UTC", source_zone: str = "UTC", **others: Value
) -> bool:
    """Whether a user whose trait `it` has this value (None: missing), and who has the other traits, meets the tests."""
    dataset = Dataset(profiles=[ProfileRow("ann", {"it": value, **others})], profiles_zone=source_zone)
    return members({"trait": "it", **tests}, dataset, utc(as_of), zone) == {"ann"}


def event_meets(properties: Mapping[str, Value], where: Mapping[str, Any], **traits: Value) -> bool:
    """Whether one event with these properties meets the where, for a user with these traits."""
    dataset = Dataset(events=[done("View", AS_OF, properties)], profiles=[ProfileRow("ann", traits)])
    return members({"event": "View", "where": where}, dataset, utc(AS_OF)) == {"ann"}


def meets(events: Sequence[EventRow], condition: Mapping[str, Any], *, as_of: str = AS_OF, zone: str = "UTC") -> bool:
    """Whether ann, who is known whatever she did, meets the condition."""
    return "ann" in members(condition, Dataset(events=events, known={"ann": None}), utc(as_of), zone)
