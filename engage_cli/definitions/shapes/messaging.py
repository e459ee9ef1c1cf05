"""The shape of `messaging`: channels and consent, and the policy of who is written to when."""

from collections.abc import Mapping

from engage_cli.definitions.languages import language_of
from engage_cli.definitions.outcomes import Outcomes
from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Cap, Channel, Holdout, Language, Messaging, QuietHours, Urls
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ListOf, Shape
from engage_cli.definitions.shapes.condition import PERCENT
from engage_cli.definitions.shapes.key_rules import AtLeastOne
from engage_cli.definitions.shapes.outcomes import OUTCOMES
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, WholeNumber, id_shape
from engage_cli.definitions.shapes.settings import CLOCK_TIME
from engage_cli.definitions.shapes.value import DURATION, PATH
from engage_cli.definitions.yaml_nodes import Node, shortened

CHANNELS = ("email", "sms", "push", "whatsapp")


def _address_with(hole: str) -> Shape[str]:
    def check(text: str) -> tuple[str, str | None] | None:
        if not text.startswith(("https://", "http://")):
            return f"{shortened(text)} is no address of a page", "write it whole: `https://…`"
        return None if hole in text else (f"the address has no `{hole}`", f"write `{hole}` where it is to stand in the address")

    return TextShape(f"an address with `{hole}` in it", check=check)


def _language_problem(text: str) -> tuple[str, str | None] | None:
    return None if language_of(text) else (f"{shortened(text)} is no language", "languages are such as `en`, `fr`, `pt-BR`")


_Unnamed = tuple[Path, str | None]

_ADDRESS = Key("address", PATH, "The trait that holds the address.", required=True)
_FROM = Key("from", TextShape(), "The sender, such as `Acme <hello@acme.example>`.")
_CHANNEL: Shape[_Unnamed] = Record("a channel", [_ADDRESS, _FROM], lambda fields, _reading: (fields[_ADDRESS], fields.get(_FROM)))
_CHANNEL_KEYS = {name: Key(name, _CHANNEL, "") for name in CHANNELS}


def _channels(fields: Fields, _reading: Reading) -> Mapping[str, Channel]:
    return {name: Channel(name, *fields[_CHANNEL_KEYS[name]]) for name in fields.node.keys}


_CHANNELS: Shape[Mapping[str, Channel]] = Record("`channels`", list(_CHANNEL_KEYS.values()), _channels)

_QUIET_FROM = Key("from", CLOCK_TIME, "From this time of day on.", required=True)
_QUIET_TO = Key("to", CLOCK_TIME, "Until this time of day.", required=True)


def _quiet(hours: QuietHours, node: Node, reading: Reading) -> QuietHours:
    if hours.start.minutes % 1440 == hours.end.minutes % 1440:
        reading.fail("always-quiet", "quiet hours from and to the same time are the whole day, and nobody is ever written to", node.span)
    return hours


_QUIET: Shape[QuietHours] = Record(
    "`quiet_hours`",
    [_QUIET_FROM, _QUIET_TO],
    lambda fields, _reading: QuietHours(fields[_QUIET_FROM], fields[_QUIET_TO]),
).then(_quiet)
_CAP_CHANNEL = Key("channel", Choice("a channel", dict(zip(CHANNELS, CHANNELS, strict=True))), "Only messages of this channel.")
_AT_MOST = Key("at_most", WholeNumber("a whole number from 0 on"), "So many messages.", required=True)
_PER = Key("per", DURATION, "In so long.", required=True)
_CAP: Shape[Cap] = Record(
    "a frequency cap",
    [_CAP_CHANNEL, _AT_MOST, _PER],
    lambda fields, _reading: Cap(fields[_AT_MOST], fields[_PER], fields.get(_CAP_CHANNEL)),
)
_PERCENT = Key("percent", PERCENT, "The share of people.", required=True)
_SALT = Key("salt", TextShape(), "Another salt draws other people; `holdout` by default.")
_HOLDOUT: Shape[Holdout] = Record(
    "`holdout`", [_PERCENT, _SALT], lambda fields, _reading: Holdout(fields[_PERCENT], fields.get(_SALT) or "holdout")
)
_UNSUBSCRIBE = Key("unsubscribe", _address_with("{token}"), "Where a person unsubscribes.")
_PREFERENCES = Key("preferences", _address_with("{token}"), "Where a person chooses.")
_VIEW = Key("view", _address_with("{message_id}"), "Where a message is seen in a browser.")
_URLS: Shape[Urls] = Record(
    "`urls`",
    [_UNSUBSCRIBE, _PREFERENCES, _VIEW],
    lambda fields, _reading: Urls(fields.get(_UNSUBSCRIBE), fields.get(_PREFERENCES), fields.get(_VIEW)),
)

_LANGUAGE_TRAIT = Key("trait", PATH, "The trait that holds a person's language, such as `fr` or `pt-BR`.")
_DEFAULT_SHAPE: Shape[str] = TextShape("a language, such as `en`", check=_language_problem)
_DEFAULT = Key("default", _DEFAULT_SHAPE, "The language of templates that name none; en by default.")


def _language(fields: Fields, _reading: Reading) -> Language:
    return Language(fields.get(_LANGUAGE_TRAIT), language_of(fields.get(_DEFAULT) or "en") or "en")


_LANGUAGE_RULE = AtLeastOne(("trait", "default"), "`language` says a `trait`, a `default`, or both", "write `language: {trait: language}`")
_LANGUAGE: Shape[Language] = Record("`language`", [_LANGUAGE_TRAIT, _DEFAULT], _language, rules=[_LANGUAGE_RULE])

_CHANNELS_KEY = Key("channels", _CHANNELS, "How people are reached, and where their addresses stand.")
_LANGUAGE_KEY = Key("language", _LANGUAGE, "In what language people are written to.")
_URLS_KEY = Key("urls", _URLS, "Addresses of your pages.")
_OUTCOMES_KEY = Key("outcomes", OUTCOMES, "The events that tell what came of messages.")
_QUIET_KEY = Key("quiet_hours", _QUIET, "When nothing is sent, in each person's zone.")
_CAPS_KEY = Key(
    "frequency_caps", ListOf(_CAP, "a list of caps, such as `[{at_most: 6, per: 7 days}]`"), "How many messages a person gets at most."
)
_HOLDOUT_KEY = Key("holdout", _HOLDOUT, "People who never get a marketing message, to measure the others against.")
_GROUPS_KEY = Key("groups", ListOf(id_shape("a subscription group"), "a list of subscription groups"), "The subscription groups.")


def _messaging(fields: Fields, _reading: Reading) -> Messaging:
    return Messaging(
        channels=fields.get(_CHANNELS_KEY) or {},
        groups=fields.get(_GROUPS_KEY) or (),
        language=fields.get(_LANGUAGE_KEY) or Language(),
        urls=fields.get(_URLS_KEY) or Urls(),
        outcomes=fields.get(_OUTCOMES_KEY) or Outcomes(),
        quiet_hours=fields.get(_QUIET_KEY),
        caps=fields.get(_CAPS_KEY) or (),
        holdout=fields.get(_HOLDOUT_KEY),
    )


MESSAGING: Shape[Messaging] = Record(
    "`messaging`",
    [
        _CHANNELS_KEY,
        _GROUPS_KEY,
        _LANGUAGE_KEY,
        _QUIET_KEY,
        _CAPS_KEY,
        _HOLDOUT_KEY,
        _URLS_KEY,
        _OUTCOMES_KEY,
    ],
    _messaging,
)
