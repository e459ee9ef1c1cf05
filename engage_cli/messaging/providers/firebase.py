"""Firebase Cloud Messaging, HTTP v1, `POST /v1/projects/{project}/messages:send`.

The shape is that of https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages: a message to a `token` with a
`notification` (`title`, `body`) and `data`, whose values are all text.
"""

import json
from collections.abc import Mapping
from typing import Any

from engage_cli.messaging.message import Message
from engage_cli.messaging.providers.request import Body, Headers, present

_TAKEN = ("from", "message_type", "collapse_key")
"""Keys that `data` must not have, beside those that begin with `google.` or `gcm.`."""


def body_of(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    """A request for one device. Variables go as data, for the app to make a notification of."""
    data = {name: _text(value) for name, value in message.variables.items() if _is_free(name)} | message.about
    notification = present(title=message.subject, body=message.text) if message.is_rendered else None
    return {"message": {"token": message.to, "data": data, **present(notification=notification)}}


def _is_free(name: str) -> bool:
    return name not in _TAKEN and not name.startswith(("google.", "gcm."))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
