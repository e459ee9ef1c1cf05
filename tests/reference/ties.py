"""What ties a condition of a journey to the instance that asks, and what conditions ask of journeys (docs/journeys.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from tests.reference.dataset import Event
from tests.reference.values import Value

Condition: TypeAlias = Mapping[str, Any]

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Ties:
    """What a condition may know of the instance: its journey, id, key (the text, and the path that gave it), entry, context and arrivals.

    `zone` is that of the events' source, for instants without an offset in the context.
    """

    journey: str
    instance_id: str
    key: str | None
    key_path: str | None
    entered_at: datetime
    context: Mapping[str, Value]
    arrivals: Mapping[str, datetime]
    zone: ZoneInfo


@dataclass(frozen=True)
class Stay:
    """One instance of the user in a journey: open while `ended_at` is None."""

    journey: str
    entered_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True)
class Made:
    """One candidate that was made for the user."""

    journey: str
    instance_id: str
    step: str
    scheduled_at: datetime
    candidate_id: str = ""


@dataclass(frozen=True)
class Ledger:
    """What journeys did with the user, at whatever instants."""

    stays: Sequence[Stay] = field(default=())
    made: Sequence[Made] = field(default=())


def tied(condition: Condition, ties: Ties | None) -> Condition:
    """The condition on events without `match` and `since: entry`: what they mean is written out as `where` and an instant."""
    plain = {key: value for key, value in condition.items() if key != "match"}
    since = condition.get("since")
    if since == "entry" or isinstance(since, Mapping):
        assert ties is not None
        plain["since"] = ties.entered_at if since == "entry" else ties.arrivals.get(since["step"], NEVER)
    if "match" in condition:
        assert ties is not None
        same_key = {matched_path(condition["match"], ties.key_path): {"eq": {"key": "key"}}}
        for name in ("sequence", "without"):
            if name in plain:
                plain[name] = [_with_where(step, same_key) for step in plain[name]]
        if "event" in plain:
            plain = dict(_with_where(plain, same_key))
    return plain


def matched_path(match: bool | str, key_path: str | None) -> str:
    """The property that `match` ties to the key: the one of the key's own name (`true`), or the one that it names."""
    path = key_path if match is True else match
    assert isinstance(path, str)
    return path


def _with_where(step: Condition, where: Condition) -> Condition:
    if "not" in step:
        return {**step, "not": _with_where(step["not"], where)}
    return {**step, "where": {"all": [step["where"], where]} if "where" in step else where}


OUTCOMES = {
    "delivered": ("Email Delivered", "Push Notification Received"),
    "opened": ("Email Opened",),
    "clicked": ("Email Link Clicked", "Push Notification Tapped"),
    "bounced": ("Email Bounced", "Push Notification Bounced"),
    "converted": ("Message Converted",),
}
"""The events that tell what came of a message, by their property `message_id`."""


def made(asked: Condition, ledger: Ledger, ties: Ties | None, as_of: datetime, events: Sequence[Event] = ()) -> Iterator[datetime]:
    """When the candidates that `message:` asks for were scheduled, or had the outcome, up to as_of, by the user's events up to then.

    Without a journey, those of the instance that asks.
    """
    status = asked.get("status", "scheduled")
    if status != "scheduled" and status not in OUTCOMES:
        raise ValueError(f"{asked!r} asks for what the reference does not know")
    for one in ledger.made:
        mine = one.journey == asked["journey"] if "journey" in asked else ties is not None and one.instance_id == ties.instance_id
        if not mine or asked.get("step", one.step) != one.step:
            continue
        if status != "scheduled":
            told = (event for event in events if event.name in OUTCOMES[status] and event.timestamp <= as_of)
            yield from (event.timestamp for event in told if event.properties.get("message_id") == one.candidate_id)
        elif one.scheduled_at <= as_of:
            yield one.scheduled_at


def inside_or_ended(journey: str, asked: Condition, ledger: Ledger, as_of: datetime) -> Iterator[datetime]:
    """Since when the user is inside (`status: inside`), or when they ended (`ended`, or a reason), as of the instant."""
    status = asked.get("status", "inside")
    for stay in ledger.stays:
        ended = stay.ended_at is not None and stay.ended_at <= as_of
        if stay.journey != journey or stay.entered_at > as_of:
            continue
        if status == "inside" and not ended:
            yield stay.entered_at
        elif ended and status in ("ended", stay.end_reason):
            assert stay.ended_at is not None
            yield stay.ended_at
