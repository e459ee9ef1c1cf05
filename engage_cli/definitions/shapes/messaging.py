"""The shape of `messaging`. All is checked; of what it says only the names of channels and groups are kept: this version sends nothing."""

from engage_cli.definitions.project import Messaging
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ListOf, Shape
from engage_cli.definitions.shapes.condition import PERCENT
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, WholeNumber, id_shape
from engage_cli.definitions.shapes.settings import CLOCK
from engage_cli.definitions.shapes.value import DURATION, PATH

CHANNELS = ("email", "sms", "push", "whatsapp")

_ADDRESS = Key("address", PATH, "The trait that holds the address.", required=True)
_FROM = Key("from", TextShape(), "The sender, such as `Acme <hello@acme.example>`.")
_CHANNEL: Shape[None] = Record("a channel", [_ADDRESS, _FROM], lambda _fields, _reading: None)
_CHANNELS: Shape[tuple[str, ...]] = Record(
    "`channels`", [Key(name, _CHANNEL, "") for name in CHANNELS], lambda fields, _reading: tuple(fields.node.keys)
)

_QUIET: Shape[None] = Record(
    "`quiet_hours`",
    [Key("from", CLOCK, "From this time of day on.", required=True), Key("to", CLOCK, "Until this time of day.", required=True)],
    lambda _fields, _reading: None,
)
_CAP: Shape[None] = Record(
    "a frequency cap",
    [
        Key("channel", Choice("a channel", dict.fromkeys(CHANNELS)), "Only messages of this channel."),
        Key("at_most", WholeNumber("a whole number from 0 on"), "So many messages.", required=True),
        Key("per", DURATION, "In so long.", required=True),
    ],
    lambda _fields, _reading: None,
)
_HOLDOUT: Shape[None] = Record(
    "`holdout`",
    [Key("percent", PERCENT, "The share of people.", required=True), Key("salt", TextShape(), "Another salt draws other people.")],
    lambda _fields, _reading: None,
)
_URLS: Shape[None] = Record(
    "`urls`",
    [
        Key("unsubscribe", TextShape("an address with `{token}` in it"), "Where a person unsubscribes."),
        Key("preferences", TextShape("an address with `{token}` in it"), "Where a person chooses."),
        Key("view", TextShape("an address with `{message_id}` in it"), "Where a message is seen in a browser."),
    ],
    lambda _fields, _reading: None,
)

_CHANNELS_KEY = Key("channels", _CHANNELS, "How people are reached, and where their addresses stand.")
_GROUPS_KEY = Key("groups", ListOf(id_shape("a subscription group"), "a list of subscription groups"), "The subscription groups.")


def _messaging(fields: Fields, _reading: Reading) -> Messaging:
    return Messaging(fields.get(_CHANNELS_KEY) or (), fields.get(_GROUPS_KEY) or ())


MESSAGING: Shape[Messaging] = Record(
    "`messaging`",
    [
        _CHANNELS_KEY,
        _GROUPS_KEY,
        Key("quiet_hours", _QUIET, "When nothing is sent, in each person's zone."),
        Key(
            "frequency_caps",
            ListOf(_CAP, "a list of caps, such as `[{at_most: 6, per: 7 days}]`"),
            "How many messages a person gets at most.",
        ),
        Key("holdout", _HOLDOUT, "People who never get a marketing message, to measure the others against."),
        Key("urls", _URLS, "Addresses of your pages."),
    ],
    _messaging,
)
