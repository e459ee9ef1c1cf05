"""The shapes of `sources`: where the data stands and which columns are what."""

from collections.abc import Mapping
from typing import Any

from engage_cli.definitions.project import Source, Sources
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Shape, one_or_more
from engage_cli.definitions.shapes.entity_sources import ENTITIES
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice
from engage_cli.definitions.shapes.source_keys import COLUMN, MISSING, PATH, SOURCE_HINTS, TIMEZONE, missing_file

_FORMAT: Key[bool] = Key(
    "format",
    Choice("a format of its own", {"segment": True}, hints={"raw": "write `segment`"}),
    "`segment`: the files hold raw Segment calls (track, page, screen, identify, group, alias).",
)
_OWN_NAMES = Apart(("format",), ("columns",), "the fields of Segment calls have names of their own")

_FIELDS = {
    "events": {
        "id": "The message id: two events with the same one are one.",
        "user_id": "The user.",
        "anonymous_id": "The anonymous id.",
        "event": "The event's name.",
        "timestamp": "When it happened.",
        "properties": "The properties, as JSON text, a struct or a map.",
    },
    "profiles": {
        "user_id": "The user.",
        "anonymous_id": "The anonymous id.",
        "timestamp": "Makes it a change log: when these traits were set.",
    },
    "accounts": {"account_id": "The account.", "timestamp": "Makes it a change log: when these traits were set."},
    "memberships": {"user_id": "The user.", "account_id": "The account.", "timestamp": "Makes it a change log."},
    "consents": {
        "user_id": "The user.",
        "channel": "The channel.",
        "group": "The subscription group; none: the whole channel.",
        "status": "subscribed, unsubscribed or did_not_subscribe.",
        "updated_at": "Since when.",
    },
    "suppressions": {"user_id": "The user who is never to be written to.", "address": "The address that nothing is ever sent to."},
}
_COLUMN_HINTS = {
    "message_id": "write `id`",
    "name": "write `event`",
    **dict.fromkeys(("email", "phone"), "write `address`"),
    "time": "write `timestamp`",
    "user": "write `user_id`",
    "account": "write `account_id`",
}


def _columns(kind: str) -> Key[Mapping[str, str]]:
    keys = [Key(field, COLUMN, description) for field, description in _FIELDS[kind].items()]

    def build(fields: Fields, _reading: Reading) -> Mapping[str, str]:
        return {key.name: fields[key] for key in keys if key in fields}

    record: Record[Mapping[str, str]] = Record(f"`columns` of {kind}", keys, build, hints=_COLUMN_HINTS)
    return Key("columns", record, "Which column of the files is which field; every other column is a property or a trait.")


def _source(kind: str) -> Shape[Source]:
    columns = _columns(kind)

    def build(fields: Fields, reading: Reading) -> Source:
        return Source(
            path=fields[PATH],
            columns=fields.get(columns) or {},
            timezone=fields.get(TIMEZONE) or "UTC",
            on_missing_file=missing_file(fields, reading),
            span=fields.span(PATH),
            segment=fields.get(_FORMAT) or False,
        )

    keys: list[Key[Any]] = [PATH, columns, TIMEZONE, MISSING, *([_FORMAT] if kind == "events" else [])]
    rules = [_OWN_NAMES] if kind == "events" else []
    hints = {
        **SOURCE_HINTS,
        **dict.fromkeys(_FIELDS[kind], "put it under `columns:`"),
    }
    return Record(f"a source of {kind}", keys, build, rules=rules, hints=hints)


def _kind(kind: str, description: str) -> Key[tuple[Source, ...]]:
    return Key(kind, one_or_more(_source(kind), f"a source of {kind}, or a list of them"), description)


_EVENTS = _kind("events", "What users did: a user, an event's name, a time, properties.")
_PROFILES = _kind("profiles", "Who users are: one row a user, or a change log where `columns` maps `timestamp`.")
_ACCOUNTS = _kind("accounts", "Accounts and their traits.")
_MEMBERSHIPS = _kind("memberships", "Which user belongs to which account.")
_CONSENTS = _kind("consents", "Subscription states by channel and group.")
_KINDS = (_EVENTS, _PROFILES, _ACCOUNTS, _MEMBERSHIPS, _CONSENTS)
_SUPPRESSIONS = _kind("suppressions", "Who must never be written to, by user ids, addresses, or both.")
_ENTITIES = Key("entities", ENTITIES, "Further tables, linked to users, accounts or each other, by their names.")


def _sources(fields: Fields, _reading: Reading) -> Sources:
    events, profiles, accounts, memberships, consents = (fields.get(key) or () for key in _KINDS)
    suppressions = fields.get(_SUPPRESSIONS) or ()
    return Sources(events, profiles, accounts, memberships, consents, suppressions, entities=fields.get(_ENTITIES) or ())


SOURCES: Shape[Sources] = Record(
    "`sources`",
    [*_KINDS, _SUPPRESSIONS, _ENTITIES],
    _sources,
    rules=[AtLeastOne(tuple(key.name for key in _KINDS), "`sources` names no data", "add `events:` with the `path` of your event files")],
    hints={
        **dict.fromkeys(("users", "profile"), "write `profiles`"),
        **dict.fromkeys(("entity", "tables"), "write `entities`"),
        **dict.fromkeys(("suppression", "suppressed", "suppression_list"), "write `suppressions`"),
        "event": "write `events`",
    },
)
