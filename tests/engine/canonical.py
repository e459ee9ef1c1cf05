"""What is in a JSON-like value, in the one form that row hashes are made of (the macro `canonical` of engine/macros.py), in Python."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from tests.reference.values import read_text


def canonical(value: Any) -> str:
    """For each leaf that is not missing its JSON Pointer, `=` and its text, sorted, with U+001E between them."""
    return "\x1e".join(sorted(_leaves(value, ""), key=str.encode))


def _leaves(value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, Mapping | list) and value:
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in items:
            yield from _leaves(inner, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif value is not None and value != "":
        yield f"{pointer}={'{}' if value == {} else '[]' if value == [] else read_text(value)}"


def event_hash(user_id: str, event: str, ts: datetime, properties: Mapping[str, Any]) -> str:
    """The row hash of an event."""
    return _hash(user_id, event, _utc(ts), canonical(properties))


def profile_hash(user_id: str, ts: datetime | None, traits: Mapping[str, Any]) -> str:
    """The row hash of a profile; of a snapshot without an instant."""
    return _hash(user_id, _utc(ts) if ts else "", canonical(traits))


def _utc(ts: datetime) -> str:
    return ts.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _hash(*texts: str) -> str:
    return md5("\x1f".join(texts).encode()).hexdigest()
