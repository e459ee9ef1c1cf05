"""What the outbox has of a message that is to be rendered, taken apart as text: most of it goes into the message's line as it stands, or
is the same for thousands of messages, and only what the template looks at is read as JSON.

A name between `,"` and `":` stands once in such a text before its objects do: in a JSON text, a quote inside a value has a backslash
before it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

_ID = len('{"message_id":')
_LANGUAGE, _TIMES, _ZONE, _PROFILE = ',"language":', ',"scheduled_at":', ',"zone":', ',"profile":'
_SEND_AT = ',"send_at":"'
_RENDERED = ',"render":"message","edition":"'
_TAIL = len(_RENDERED) + 32 + len('"}')
"""So many characters are at the end of a payload; an edition's id has 32."""
_ORDER = (
    *("message_id", "user_id", "to", "template", "language", "channel", "kind", "campaign", "step", "variant", "category", "group"),
    *("scheduled_at", "send_at", "zone", "settings", "profile", "context", "account", "entities", "render", "edition"),
)
_READ = json.JSONDecoder().raw_decode


class Payload(NamedTuple):
    """A payload's text in parts, each beginning with its comma, without the braces.

    `head` is up to the template; `about` the language and the campaign; `times` the two instants; `setting` the zone and what the campaign
    says; `objects` what templates look at; `tail` the edition.
    """

    head: str
    about: str
    times: str
    setting: str
    objects: str
    tail: str

    @property
    def message_id(self) -> str:
        """The message's id."""
        found: str = _READ(self.head, _ID)[0]
        return found

    @property
    def send_at(self) -> datetime:
        """When it is sent (UTC)."""
        return datetime.fromisoformat(self.times.rpartition(_SEND_AT)[2][:-1])


def taken_apart(payload: str) -> Payload:
    """The parts of a payload. ValueError for one that comes with its variables."""
    if not payload.startswith(_RENDERED, -_TAIL):
        raise ValueError("this is no message to be rendered")
    about = payload.index(_LANGUAGE)
    times = payload.index(_TIMES, about)
    setting = payload.index(_ZONE, times)
    objects = payload.index(_PROFILE, setting)
    return Payload(
        payload[:about], payload[about:times], payload[times:setting], payload[setting:objects], payload[objects:-_TAIL], payload[-_TAIL:]
    )


def members(part: str) -> dict[str, Any]:
    """What a part says, or several that follow each other."""
    found: dict[str, Any] = _READ(f"{{{part[1:]}}}")[0]
    return found


def payload_of(row: Mapping[str, Any]) -> str:
    """The payload of a message that is made elsewhere."""
    return json.dumps({name: row[name] for name in _ORDER if name in row}, ensure_ascii=False, separators=(",", ":"))
