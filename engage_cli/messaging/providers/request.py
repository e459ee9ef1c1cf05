"""What the mappings to providers share."""

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from engage_cli.messaging.message import Message

Body = dict[str, Any]
Headers = Mapping[str, str]


class ProviderError(Exception):
    """A message that a provider cannot take as it is; the words follow "the message"."""


def sender_of(message: Message) -> str:
    """Who an email is from. Raises ProviderError where nobody is."""
    if message.sender is None:
        raise ProviderError("has no sender: give the channel a `from`, or its template one")
    return message.sender


def text_of(message: Message) -> str:
    """The text of a message. Raises ProviderError where it has none."""
    if message.text is None:
        raise ProviderError("has no text, and this provider renders none: leave `render: variables` out")
    return message.text


def template_of(message: Message) -> str:
    """The template by which a provider renders a message that comes with variables alone. Raises ProviderError where none is named."""
    if message.template is None:
        raise ProviderError("has neither a text nor the name of a template")
    return message.template


def mailbox(text: str) -> dict[str, str]:
    """`Acme <hello@acme.example>` as an object of an email and a name."""
    name, address = parseaddr(text)
    return {"email": address, "name": name} if name else {"email": address}


def present(**values: Any) -> Body:
    """The values that there are."""
    return {name: value for name, value in values.items() if value is not None}
