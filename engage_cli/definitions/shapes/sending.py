"""The shape of destinations of messages."""

import re
from collections.abc import Mapping

from msgspec import Struct

from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.sending import (
    HERE,
    FromEnvironment,
    Login,
    MessagesDestination,
    Pace,
    Provider,
    Rate,
    Security,
    Setting,
    Smtp,
    Webhook,
    is_address,
    is_open,
)
from engage_cli.definitions.shapes.base import ByForm, Shape
from engage_cli.definitions.shapes.key_rules import AtLeastOne, Beside, one_of_each
from engage_cli.definitions.shapes.kinds import ByName
from engage_cli.definitions.shapes.messaging import CHANNELS
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, Choice, TextShape, WholeNumber, alternatives
from engage_cli.definitions.shapes.value import DurationShape
from engage_cli.definitions.values import Duration, Unit
from engage_cli.definitions.yaml_nodes import Node, shortened
from engage_cli.source import Span, did_you_mean

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_OURS = frozenset(("content-length", "content-type", "host", "idempotency-key", "transfer-encoding"))


def _variable_problem(name: str) -> tuple[str, str | None] | None:
    if re.fullmatch(_VARIABLE, name):
        return None
    return f"{shortened(name)} is no name of a variable of the environment", "names are such as `SMTP_PASSWORD`"


def _printable_problem(text: str) -> tuple[str, str | None] | None:
    return None if text.isascii() and text.isprintable() else (f"{shortened(text)} has characters that cannot be sent there", None)


def _url_problem(text: str) -> tuple[str, str | None] | None:
    if is_address(text):
        return None
    return f"{shortened(text)} is no address that takes requests", "write it whole: `https://…`"


def _host_problem(text: str) -> tuple[str, str | None] | None:
    if re.fullmatch(r"[A-Za-z0-9.:_-]+", text) and "://" not in text:
        return None
    return f"{shortened(text)} is no name of a server", "write `smtp.example.com`; the port has a key of its own"


# ---- what the environment holds ------------------------------------------------------------------------------------

_ENV = Key(
    "env",
    TextShape("the name of a variable", check=_variable_problem, schema={"pattern": f"^{_VARIABLE}$"}),
    "The variable of the environment that holds it.",
    required=True,
)
_IN_ENVIRONMENT: Shape[FromEnvironment] = Record(
    "a secret", [_ENV], lambda fields, _reading: FromEnvironment(fields[_ENV]), hints=dict.fromkeys(("variable", "from"), "write `env`")
)
SECRET: Shape[FromEnvironment] = ByForm(
    "the variable that holds it, such as `{env: SMTP_PASSWORD}`",
    mapping=_IN_ENVIRONMENT,
    hints={
        "scalar": "a secret has no place in this file: put it into a variable of the environment, and name that: `{env: SMTP_PASSWORD}`"
    },
)


def _setting(expected: str, text: Shape[str]) -> Shape[Setting]:
    plain: Shape[Setting] = text.then(lambda value, _node, _reading: value)
    named: Shape[Setting] = _IN_ENVIRONMENT.then(lambda value, _node, _reading: value)
    return ByForm(f"{expected}, or the variable that holds it, such as `{{env: NAME}}`", scalar=plain, mapping=named)


_TEXT: Shape[Setting] = _setting("text", TextShape(check=_printable_problem))

# ---- SMTP ----------------------------------------------------------------------------------------------------------

_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_HOST = Key("host", TextShape("the name of a server", check=_host_problem), "The mail server.", required=True)
_PORT = Key(
    "port", WholeNumber("a port from 1 to 65,535", at_least=1, at_most=65535), "Its port; by default 587, with tls 465, with none 25."
)
_SECURITY = Key(
    "security",
    Choice("how the connection is kept private", {one.value: one for one in Security}, hints={"ssl": "write `tls`"}),
    "starttls (default), tls, or none: only where nobody listens on the way.",
)
_USERNAME = Key("username", _TEXT, "The name to log in by.")
_PASSWORD = Key("password", SECRET, "The password, by the variable that holds it.")
_LOGIN_RULES = (
    Beside("username", ("password",), "a login has a name and a password"),
    Beside("password", ("username",), "a login has a name and a password"),
)


def _login(fields: Fields) -> Login | None:
    username, password = fields.get(_USERNAME), fields.get(_PASSWORD)
    return None if username is None or password is None else Login(username, password)


def _smtp(fields: Fields, reading: Reading) -> Smtp:
    security, login = fields.get(_SECURITY) or Security.STARTTLS, _login(fields)
    if security is Security.NONE and login is not None and fields[_HOST] not in HERE:
        reading.fail("insecure", "a password would go over an open connection", fields.span(_SECURITY), "write `starttls` or `tls`")
    return Smtp(fields[_HOST], fields.get(_PORT) or _PORTS[security], security, login)


_SMTP = Key(
    "smtp",
    Record(
        "`smtp`",
        [_HOST, _PORT, _SECURITY, _USERNAME, _PASSWORD],
        _smtp,
        rules=_LOGIN_RULES,
        hints={
            **dict.fromkeys(("server", "url"), "write `host`"),
            **dict.fromkeys(("user", "login"), "write `username`"),
            "ssl": "write `security: tls`",
        },
    ),
    "The mail server that `engage deliver` hands messages to.",
)

# ---- webhook -------------------------------------------------------------------------------------------------------

_URL = Key(
    "url", _setting("an address, such as `https://…`", TextShape("an address", check=_url_problem)), "Where requests go.", required=True
)


def _header_problem(name: str) -> tuple[str, str | None] | None:
    if not re.fullmatch(_HEADER, name):
        return f"{shortened(name)} is no name of a header", None
    return (f"the header `{name}` is set by engage", "leave it out") if name.lower() in _OURS else None


_HEADERS = Key(
    "headers",
    ByName("a mapping from headers to values", TextShape("the name of a header", check=_header_problem), _TEXT).then(
        lambda named, _node, _reading: {name: value for name, (value, _) in named.items()}
    ),
    "Further headers of each request.",
)
_BEARER = Key("bearer", SECRET, "The token of `Authorization: Bearer …`, by the variable that holds it.")
_BASIC_SHAPE: Shape[Login | None] = Record("`basic`", [_USERNAME, _PASSWORD], lambda fields, _reading: _login(fields), rules=_LOGIN_RULES)
_BASIC = Key("basic", _BASIC_SHAPE, "A name and a password, as `Authorization: Basic …`.")
_IDEMPOTENT = Key(
    "idempotent", BOOLEAN, "Whoever is behind it heeds Idempotency-Key: what got no answer is asked again, and is still one message."
)


def _webhook(fields: Fields, reading: Reading) -> Webhook:
    url, headers = fields[_URL], fields.get(_HEADERS) or {}
    found = Webhook(url, headers, fields.get(_BEARER), fields.get(_BASIC), fields.get(_IDEMPOTENT) or False)
    if found.has_secret and isinstance(url, str) and is_open(url):
        reading.fail("insecure", "a secret would go over an open connection", fields.span(_URL), "write `https://…`")
    return found


_WEBHOOK = Key(
    "webhook",
    Record(
        "`webhook`",
        [_URL, _HEADERS, _BEARER, _BASIC, _IDEMPOTENT],
        _webhook,
        rules=one_of_each(("bearer",), ("basic",), why="a request has one `Authorization`"),
        hints={
            **dict.fromkeys(("address", "endpoint"), "write `url`"),
            **dict.fromkeys(("token", "api_key"), "write `bearer: {env: API_KEY}`"),
        },
    ),
    "The address that `engage deliver` posts each message to.",
)

# ---- pace ----------------------------------------------------------------------------------------------------------

EXACT_DURATION: Shape[Duration] = DurationShape(
    "a duration in seconds, minutes, hours, days or weeks", (Unit.SECOND, Unit.MINUTE, Unit.HOUR, Unit.DAY, Unit.WEEK)
)
_AT_MOST = Key("at_most", WholeNumber("a whole number from 1 on", at_least=1), "So many messages.", required=True)
_PER = Key("per", EXACT_DURATION, "In so long.", required=True)


def rate_shape(what: str) -> Shape[Rate]:
    """So many in so long, of the key `what`."""
    return Record(f"`{what}`", [_AT_MOST, _PER], lambda fields, _reading: Rate(fields[_AT_MOST], fields[_PER]))


_RATE = Key("rate", rate_shape("rate"), "How many messages are handed over in how long, at most.")
_AT_ONCE = Key(
    "at_once", WholeNumber("a whole number from 1 to 64", at_least=1, at_most=64), "How many are under way at a time; 4 by default."
)
_ATTEMPTS = Key(
    "attempts", WholeNumber("a whole number from 1 to 20", at_least=1, at_most=20), "How often one is tried in a run; 5 by default."
)
_TIMEOUT = Key("timeout", EXACT_DURATION, "How long an answer is waited for; 30 seconds by default.")
_EXPIRES = Key(
    "expires_after", EXACT_DURATION, "Later than this after its `send_at` a message is not handed over any more; 24 hours by default."
)
_PACE_KEYS = (_RATE, _AT_ONCE, _ATTEMPTS, _TIMEOUT, _EXPIRES)


def _pace(fields: Fields) -> Pace:
    default = Pace()
    return Pace(
        fields.get(_RATE),
        fields.get(_AT_ONCE) or default.at_once,
        fields.get(_ATTEMPTS) or default.attempts,
        fields.get(_TIMEOUT) or default.timeout,
        fields.get(_EXPIRES) or default.expires_after,
    )


# ---- the destination -----------------------------------------------------------------------------------------------


def _mention_channel(name: str, node: Node, reading: Reading) -> str:
    reading.mention(Mentioned.CHANNEL, name, node.span)
    return name


_TYPE = Key("type", Choice("a type of destination", {"messages": "messages"}), "What it takes: messages.", required=True)
_CHANNEL = Key(
    "channel",
    Choice("a channel", {name: name for name in CHANNELS}).then(_mention_channel),
    "The channel whose messages it takes.",
    required=True,
)
_PROVIDER = Key(
    "provider",
    Choice("a provider", {one.value: one for one in Provider}, hints={"fcm": "write `firebase`", "amazon": "write `ses`"}),
    "Whose request each message is written as; generic by default.",
)
_OPTIONS = Key(
    "options",
    ByName("a mapping from options of the provider to values", TextShape("the name of an option"), _TEXT),
    "What the provider wants to know beside: of braze `app_id` and `subscription_group_id`, of twilio `messaging_service_sid`, of ses "
    "`configuration_set_name`.",
)
_KNOWN: dict[Provider, tuple[str, ...]] = {
    Provider.BRAZE: ("app_id", "subscription_group_id"),
    Provider.TWILIO: ("messaging_service_sid",),
    Provider.SES: ("configuration_set_name",),
}
_REQUIRED = {(Provider.BRAZE, "email"): ("app_id",), (Provider.BRAZE, "sms"): ("app_id", "subscription_group_id")}


def _options(fields: Fields, channel: str, provider: Provider, reading: Reading) -> Mapping[str, Setting]:
    given, known = fields.get(_OPTIONS) or {}, _KNOWN.get(provider, ())
    for name, (_, span) in given.items():
        if name not in known:
            hint = did_you_mean(name, known) or (f"it has {alternatives(known)}" if known else "leave `options` out")
            reading.report("unknown-key", f"`{provider.value}` has no option {shortened(name)}", span, hint)
    for name in _REQUIRED.get((provider, channel), ()):
        if name not in given:
            message = f"`{provider.value}` needs the option `{name}` for messages of the channel `{channel}`"
            reading.report("missing-key", message, fields.span(_OPTIONS), f"add `options: {{{name}: …}}`")
    return {name: value for name, (value, _) in given.items()}


class Messages(Struct, frozen=True):
    """A destination of messages that has no name yet."""

    channel: str
    provider: Provider
    way: Smtp | Webhook | None
    pace: Pace
    options: Mapping[str, Setting]

    def named(self, name: str, span: Span) -> MessagesDestination:
        """The destination of that name."""
        return MessagesDestination(name, self.channel, self.provider, self.way, self.pace, span, self.options)


def _messages(fields: Fields, reading: Reading) -> Messages:
    channel, provider = fields[_CHANNEL], fields.get(_PROVIDER) or Provider.GENERIC
    if channel not in provider.channels:
        takes = " and ".join(provider.channels)
        reading.fail("impossible", f"`{provider.value}` takes no messages of the channel `{channel}`, but {takes}", fields.span(_CHANNEL))
    if _SMTP in fields and channel != "email":
        reading.fail("impossible", f"a mail server takes email, and no messages of the channel `{channel}`", fields.key_span(_SMTP))
    options = _options(fields, channel, provider, reading)
    return Messages(channel, provider, fields.get(_SMTP) or fields.get(_WEBHOOK), _pace(fields), options)


MESSAGES: Shape[Messages] = Record(
    "a destination of messages",
    [_TYPE, _CHANNEL, _PROVIDER, _OPTIONS, _SMTP, _WEBHOOK, *_PACE_KEYS],
    _messages,
    rules=[
        *one_of_each(("smtp",), ("webhook", "provider", "options"), why="a mail server takes emails as they are"),
        AtLeastOne(
            ("provider", "smtp", "webhook"),
            "a destination of messages says a `provider` to write them for, or an `smtp` or `webhook` to hand them to",
            "write `provider: generic`",
        ),
        Beside("options", ("provider",), "options are those of a provider"),
        *(
            Beside(key.name, ("smtp", "webhook"), f"`{key.name}` is about handing messages over, and nothing here takes them")
            for key in _PACE_KEYS
        ),
    ],
    hints={"throttle": "write `rate`", "format": "write `provider`", "concurrency": "write `at_once`", "retries": "write `attempts`"},
)
