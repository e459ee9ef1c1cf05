"""A row of the outbox to a message as a file has it: rendered, or, with `render: variables`, the template's name and its variables."""

import json
from collections.abc import Mapping
from datetime import tzinfo
from json.encoder import encode_basestring as quoted
from typing import Any

from msgspec import Struct, field

from engage_cli.definitions.template import FrontMatter
from engage_cli.messaging.formats import zone_of
from engage_cli.messaging.headers import header_value
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.links import filled, shown_in, urls_of
from engage_cli.messaging.policy.payloads import members, payload_of, taken_apart
from engage_cli.messaging.policy.said import SAID, phrase_of
from engage_cli.messaging.renderer import Renderer
from engage_cli.messaging.template import EMAIL, MessageTemplate

Line = dict[str, Any]

_FIRST = ("message_id", "user_id", "to", "template", "language")
_ABOUT = ("campaign", "step", "variant", "category", "group")
_LAST = (*_ABOUT, "scheduled_at", "send_at")
_OBJECTS = ("profile", "account", "entities", "context")
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class _Opened(Struct, frozen=True):
    """An edition with its template restored: the addresses that it has, and those that its texts show."""

    template: MessageTemplate
    urls: Mapping[str, str]
    shown: frozenset[str]


class _Campaign(Struct, frozen=True):
    """What messages of one campaign to one language and zone have in common.

    `urls` are the addresses that they show, or their headers; `begin` and `end` stand in their lines before and behind what is rendered.
    """

    renderer: Renderer
    zone: tzinfo | None
    campaign: Mapping[str, Any]
    urls: Mapping[str, str]
    is_email: bool
    is_offered: bool
    """Whether the message says where to unsubscribe."""
    begin: str
    end: str


class Messages(Struct):
    """Makes messages of rows, each template compiled once."""

    editions: Mapping[str, Edition]
    _opened: dict[str, _Opened] = field(default_factory=dict)
    _renderers: dict[tuple[str | None, ...], Renderer] = field(default_factory=dict)
    _campaigns: dict[tuple[str, str, str], _Campaign] = field(default_factory=dict)

    def text(self, payload: str, token: str | None) -> str:
        """The line of a message; `token` is that of its links, if it has any. Raises RenderError for values that the template cannot do
        with."""
        try:
            parts = taken_apart(payload)
        except ValueError:
            return _ENCODE(self.line(json.loads(payload), token))
        key = (parts.about, parts.setting, parts.tail)
        of = self._campaigns.get(key)
        if of is None:
            of = self._campaigns[key] = self._campaign(members(parts.about + parts.setting + parts.tail[:-1]))
        links = {name: filled(url, token, parts.message_id) for name, url in of.urls.items()}
        variables = {**members(parts.objects), "campaign": of.campaign, **links}
        one = of.renderer.render(variables, zone=of.zone, now=parts.send_at)
        if not of.is_email:
            return f'{parts.head}{of.begin},"text":{quoted(one.text)}{of.end}{parts.times}}}'
        offered = links.get("unsubscribe_url") if of.is_offered else None
        if offered is not None:
            header_value("List-Unsubscribe", offered)  # a user's id, and so the token, may be longer than any line of a header
        return (
            f'{parts.head}{of.begin},"from":{_json(one.sender)},"reply_to":{_json(one.reply_to)},"subject":{_json(one.subject)}'
            f',"preheader":{_json(one.preheader)},"html":{_json(one.html)},"text":{quoted(one.text)}'
            f',"unsubscribe_url":{_json(offered)}{of.end}{parts.times}}}'
        )

    def line(self, row: Mapping[str, Any], token: str | None) -> Line:
        """The same as an object, of a row of the outbox as an object."""
        if row["render"] != "variables":
            line: Line = json.loads(self.text(payload_of(row), token))
            return line
        urls = self._edition(row["edition"]).urls
        links = {name: filled(url, token, row["message_id"]) for name, url in urls.items()}
        return {
            **{name: row[name] for name in _FIRST},
            **{name: row["settings"][name] for name in SAID if name in row["settings"]},
            **{name: row[name] for name in _LAST},
            "variables": {name: row[name] for name in _OBJECTS if name in row} | {"campaign": _campaign(row)} | links,
        }

    def _campaign(self, row: Mapping[str, Any]) -> _Campaign:
        opened = self._edition(row["edition"])
        renderer = self._renderer(row, opened.template)
        is_email = row["channel"] == EMAIL
        is_offered = is_email and row["category"] != "transactional"
        shown = opened.shown | {"unsubscribe_url"} if is_offered else opened.shown
        return _Campaign(
            renderer,
            zone_of(row["zone"]) if row["zone"] else None,
            _campaign(row),
            {name: url for name, url in opened.urls.items() if name in shown},
            is_email,
            is_offered,
            f',"language":{_ENCODE(renderer.language)}',
            f",{_ENCODE({name: row[name] for name in _ABOUT})[1:-1]}",
        )

    def _edition(self, name: str) -> _Opened:
        if name not in self._opened:
            edition = self.editions[name]
            self._opened[name] = _Opened(edition.restored(), urls_of(edition), shown_in(json.loads(edition.texts)))
        return self._opened[name]

    def _renderer(self, row: Mapping[str, Any], template: MessageTemplate) -> Renderer:
        settings = row["settings"]
        key = (row["edition"], row["channel"], row["language"], *map(settings.get, SAID))
        if key not in self._renderers:
            subject, sender, reply_to, preheader = (phrase_of(settings.get(name)) for name in SAID)
            said = FrontMatter(subject, sender, reply_to, preheader)
            self._renderers[key] = template.compile(row["channel"], row["language"] or None, said=said)
        return self._renderers[key]


def _campaign(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"kind": row["kind"], "name": row["campaign"], "channel": row["channel"], "category": row["category"]}
    return known | {name: row[name] for name in ("group", "step", "variant") if row[name] is not None}


def _json(text: str | None) -> str:
    return "null" if text is None else quoted(text)
