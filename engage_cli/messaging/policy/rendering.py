"""A row of the outbox to a message as a file has it: rendered, or, with `render: variables`, the template's name and its variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engage_cli.definitions.project import Messaging
from engage_cli.definitions.template import FrontMatter, Phrase
from engage_cli.messaging.formats import zone_of
from engage_cli.messaging.names import URLS
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.renderer import Renderer
from engage_cli.messaging.template import EMAIL, MessageTemplate
from engage_cli.messaging.unsubscribe import Subscription, keys_of, sign
from engage_cli.source import Span

Line = dict[str, Any]

SAID = ("subject", "from", "reply_to", "preheader")
"""What a campaign may say in place of the template's front matter."""
_FIRST = ("message_id", "user_id", "to", "template", "language")
_LAST = ("campaign", "step", "variant", "category", "group", "scheduled_at", "send_at")


@dataclass
class Messages:
    """Makes messages of rows, each template compiled once. Reads the key of unsubscribe links from the environment when one is needed."""

    editions: Mapping[str, Edition]
    _templates: dict[str, tuple[MessageTemplate, Messaging]] = field(default_factory=dict)
    _renderers: dict[tuple[str | None, ...], Renderer] = field(default_factory=dict)
    _shown: dict[tuple[str, str], bool] = field(default_factory=dict)
    _key: bytes | None = None

    def line(self, row: Mapping[str, Any]) -> Line:
        """The message. Raises RenderError for values that the template cannot do with, EngageError without a key that is needed."""
        template, messaging = self._template(row["edition"])
        links = self._links(row, template, messaging)
        first = {name: row[name] for name in _FIRST}
        last = {name: row[name] for name in _LAST}
        variables = {"profile": row["profile"], "context": row["context"], "campaign": _campaign(row), **links}
        if row["render"] == "variables":
            said = {name: row["settings"][name] for name in SAID if name in row["settings"]}
            return {**first, **said, "variables": variables, **last}
        renderer = self._renderer(row, template)
        first["language"] = renderer.language
        zone = zone_of(row["zone"]) if row["zone"] else None
        rendered = renderer.render(variables, zone=zone, now=datetime.fromisoformat(row["send_at"]))
        if row["channel"] != EMAIL:
            return {**first, "text": rendered.text, **last}
        return {
            **first,
            "from": rendered.sender,
            "reply_to": rendered.reply_to,
            "subject": rendered.subject,
            "preheader": rendered.preheader,
            "html": rendered.html,
            "text": rendered.text,
            "unsubscribe_url": links.get("unsubscribe_url") if row["category"] != "transactional" else None,
            **last,
        }

    def _template(self, edition: str) -> tuple[MessageTemplate, Messaging]:
        if edition not in self._templates:
            self._templates[edition] = self.editions[edition].restored()
        return self._templates[edition]

    def _renderer(self, row: Mapping[str, Any], template: MessageTemplate) -> Renderer:
        settings = row["settings"]
        key = (row["edition"], row["channel"], row["language"], *(settings.get(name) for name in SAID))
        if key not in self._renderers:
            subject, sender, reply_to, preheader = (phrase_of(settings.get(name)) for name in SAID)
            said = FrontMatter(subject, sender, reply_to, preheader)
            self._renderers[key] = template.compile(row["channel"], row["language"] or None, said=said)
        return self._renderers[key]

    def _links(self, row: Mapping[str, Any], template: MessageTemplate, messaging: Messaging) -> Mapping[str, str]:
        """The addresses of the project's pages that the message shows, or its headers."""
        found = {}
        for name, what in URLS.items():
            url: str | None = getattr(messaging.urls, what)
            if url is None or not self._shows(row, template, name):
                continue
            if "{token}" in url:
                url = url.replace("{token}", self._token(row))
            found[name] = url.replace("{message_id}", row["message_id"])
        return found

    def _shows(self, row: Mapping[str, Any], template: MessageTemplate, name: str) -> bool:
        key = (row["edition"], name)
        if key not in self._shown:
            self._shown[key] = any(name in text for text in template.texts.values())
        in_header = name == "unsubscribe_url" and row["channel"] == EMAIL and row["category"] != "transactional"
        return self._shown[key] or in_header or row["render"] == "variables"

    def _token(self, row: Mapping[str, Any]) -> str:
        if self._key is None:
            self._key = keys_of(os.environ)[0]
        return sign(Subscription(row["user_id"], row["channel"], row["group"], row["message_id"]), self._key)


def _campaign(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"kind": row["kind"], "name": row["campaign"], "channel": row["channel"], "category": row["category"]}
    return known | {name: row[name] for name in ("group", "step", "variant") if row[name] is not None}


def phrase_of(text: str | None) -> Phrase | None:
    """What a campaign says in place of a value of front matter."""
    return None if text is None else Phrase(text, 1, _CAMPAIGN)


_CAMPAIGN = Span("the campaign", 1, 1, 1, 1)
