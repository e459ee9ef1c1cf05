"""Destinations of messages: which provider takes those of a channel, in which shape, and how `engage deliver` hands them over.

A secret is never in engage.yaml: it names the variable of the environment that holds it.
"""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct, field

from engage_cli.definitions.values import Duration, Unit
from engage_cli.source import Span


class Provider(StrEnum):
    """Whose request a message is written as: see messaging/providers."""

    GENERIC = "generic"
    SENDGRID = "sendgrid"
    SES = "ses"
    TWILIO = "twilio"
    BRAZE = "braze"
    FIREBASE = "firebase"

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels whose messages it takes."""
        return _CHANNELS[self]


_CHANNELS = {
    Provider.GENERIC: ("email", "sms", "push", "whatsapp"),
    Provider.SENDGRID: ("email",),
    Provider.SES: ("email",),
    Provider.TWILIO: ("sms", "whatsapp"),
    Provider.BRAZE: ("email", "sms", "push"),
    Provider.FIREBASE: ("push",),
}


class FromEnvironment(Struct, frozen=True):
    """A value that the environment holds, in the variable of this name."""

    variable: str


Setting = str | FromEnvironment


class Security(StrEnum):
    """How a connection to a mail server is kept private."""

    STARTTLS = "starttls"  # it begins in the open, and goes on only once it is encrypted
    TLS = "tls"  # encrypted from the first byte
    NONE = "none"


class Login(Struct, frozen=True):
    """A name and the password for it."""

    username: Setting
    password: FromEnvironment


class Smtp(Struct, frozen=True):
    """A mail server."""

    host: str
    port: int
    security: Security
    login: Login | None = None


class Webhook(Struct, frozen=True):
    """An address that takes each message as one POST.

    `idempotent`: whoever is behind it makes one message of all requests with the same Idempotency-Key, so that one whose answer was lost
    can be asked again.
    """

    url: Setting
    headers: Mapping[str, Setting] = field(default_factory=dict)
    bearer: FromEnvironment | None = None
    basic: Login | None = None
    idempotent: bool = False

    @property
    def has_secret(self) -> bool:
        """Whether something goes along that nobody else is to see."""
        return bool(self.bearer or self.basic or any(isinstance(value, FromEnvironment) for value in self.headers.values()))


HERE = frozenset(("localhost", "127.0.0.1", "::1"))
"""Nobody listens on the way to these."""


def is_address(text: str) -> bool:
    """Whether a text is a whole address that takes requests."""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("https", "http") and "://" in text and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and text.isascii() and text.isprintable() and " " not in text


def is_open(url: str) -> bool:
    """Whether somebody on the way to an address could read what goes there."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in HERE


class Rate(Struct, frozen=True):
    """So many at most in any stretch of a duration."""

    at_most: int
    per: Duration


_TIMEOUT = Duration(30, Unit.SECOND)
_EXPIRES_AFTER = Duration(24, Unit.HOUR)


class Pace(Struct, frozen=True):
    """How messages are handed over: how fast, how many at a time, how often one is tried, how long an answer is waited for, and when it is
    too late for one, counted from its `send_at`."""

    rate: Rate | None = None
    at_once: int = 4
    attempts: int = 5
    timeout: Duration = _TIMEOUT
    expires_after: Duration = _EXPIRES_AFTER


class MessagesDestination(Struct, frozen=True):
    """A destination that takes the messages of a channel. Without a `way` they are written as the provider's requests, for others to
    send."""

    name: str
    channel: str
    provider: Provider
    way: Smtp | Webhook | None
    pace: Pace
    span: Span
    options: Mapping[str, Setting] = field(default_factory=dict)
    """What the provider wants to know beside, by the names of its own."""
