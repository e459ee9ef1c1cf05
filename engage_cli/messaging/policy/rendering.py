"""A row of the outbox to a message as a file has it: rendered, or, with `render: variables`, the template's name and its variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from engage_cli.definitions.template import FrontMatter, Phrase
from engage_cli.messaging.formats import zone_of
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.links import filled, shown_in, urls_of
from engage_cli.messaging.renderer import Renderer
from engage_cli.messaging.template import EMAIL, MessageTemplate
from engage_cli.source import Span

Line = dict[str, Any]

SAID = ("subject", "from", "reply_to", "preheader")
"""What a campaign may say in place of the template's front matter."""
_FIRST = ("message_id", "user_id", "to", "template", "language")
_LAST = ("campaign", "step", "variant", "category", "group", "scheduled_at", "send_at")
_OBJECTS = ("profile", "account", "entities", "context")
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Opened:
    """An edition with its template restored: the addresses that it has, and those that its texts show."""

    template: MessageTemplate
    urls: Mapping[str, str]
    shown: frozenset[str]


@dataclass
class Messages:
    """Makes messages of rows, each template compiled once."""

    editions: Mapping[str, Edition]
    _opened: dict[str, _Opened] = field(default_factory=dict)
    _renderers: dict[tuple[str | None, ...], Renderer] = field(default_factory=dict)

    def line(self, row: Mapping[str, Any], token: str | None) -> Line:
        """The message; `token` is that of its links, if it has any. Raises RenderError for values that the template cannot do with."""
        opened = self._edition(row["edition"])
        links = _links(row, opened, token)
        line: Line = {name: row[name] for name in _FIRST}
        variables = {name: row[name] for name in _OBJECTS if name in row} | {"campaign": _campaign(row), **links}
        if row["render"] == "variables":
            line |= {name: row["settings"][name] for name in SAID if name in row["settings"]}
            return line | {name: row[name] for name in _LAST} | {"variables": variables}
        self._render(row, opened, variables, links, line)
        for name in _LAST:
            line[name] = row[name]
        return line

    def _render(self, row: Mapping[str, Any], opened: _Opened, variables: Line, links: Mapping[str, str], line: Line) -> None:
        renderer = self._renderer(row, opened.template)
        line["language"] = renderer.language
        zone = zone_of(row["zone"]) if row["zone"] else None
        rendered = renderer.render(variables, zone=zone, now=_instant(row["send_at"]))
        if row["channel"] != EMAIL:
            line["text"] = rendered.text
            return
        line["from"] = rendered.sender
        line["reply_to"] = rendered.reply_to
        line["subject"] = rendered.subject
        line["preheader"] = rendered.preheader
        line["html"] = rendered.html
        line["text"] = rendered.text
        line["unsubscribe_url"] = links.get("unsubscribe_url") if row["category"] != "transactional" else None

    def _edition(self, name: str) -> _Opened:
        if name not in self._opened:
            edition = self.editions[name]
            self._opened[name] = _Opened(edition.restored()[0], urls_of(edition), shown_in(edition))
        return self._opened[name]

    def _renderer(self, row: Mapping[str, Any], template: MessageTemplate) -> Renderer:
        settings = row["settings"]
        key = (row["edition"], row["channel"], row["language"], *map(settings.get, SAID))
        if key not in self._renderers:
            subject, sender, reply_to, preheader = (phrase_of(settings.get(name)) for name in SAID)
            said = FrontMatter(subject, sender, reply_to, preheader)
            self._renderers[key] = template.compile(row["channel"], row["language"] or None, said=said)
        return self._renderers[key]


def _links(row: Mapping[str, Any], opened: _Opened, token: str | None) -> Mapping[str, str]:
    """The addresses of the project's pages that the message shows, or its headers."""
    if not opened.urls:
        return _NOTHING
    everything = row["render"] == "variables"
    in_header = row["channel"] == EMAIL and row["category"] != "transactional"
    return {
        name: filled(url, token, row["message_id"])
        for name, url in opened.urls.items()
        if everything or name in opened.shown or (in_header and name == "unsubscribe_url")
    }


def _campaign(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"kind": row["kind"], "name": row["campaign"], "channel": row["channel"], "category": row["category"]}
    return known | {name: row[name] for name in ("group", "step", "variant") if row[name] is not None}


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def phrase_of(text: str | None) -> Phrase | None:
    """What a campaign says in place of a value of front matter."""
    return None if text is None else Phrase(text, 1, _CAMPAIGN)


_CAMPAIGN = Span("the campaign", 1, 1, 1, 1)
