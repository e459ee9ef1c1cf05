"""Templates compiled and rendered: `load_templates`, `MessageTemplate.compile`, `Renderer.render`.

A template is compiled once for a channel and a language, and renders any number of messages: a rendering costs what Jinja's own costs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from engage_cli.definitions.project import Messaging, Project
from engage_cli.definitions.template import FrontMatter, Phrase, Template, TemplateFile, TemplateKind, Templates
from engage_cli.definitions.template_files import TemplateReader
from engage_cli.messaging.flatten import BadTemplateError
from engage_cli.records import replace
from engage_cli.source import InvalidError, Issue, Span

if TYPE_CHECKING:
    from engage_cli.messaging.build import Built
    from engage_cli.messaging.renderer import Renderer

EMAIL = "email"
NOTHING_SAID = FrontMatter()
"""A campaign that leaves everything to the template."""
_MARKUP = (TemplateKind.HTML, TemplateKind.MJML)


@dataclass(frozen=True)
class MessageTemplate:
    """One message in all its languages. `texts` are the files that it is made of by path; `hash` is theirs, and the same for the same."""

    template: Template
    parts: Mapping[str, TemplateFile]
    messaging: Messaging
    timezone: str
    sources: Mapping[str, str] = field(repr=False)
    """The texts of all files of templates, by path."""
    _renderers: dict[tuple[str, str, FrontMatter], Built] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What campaigns call it."""
        return self.template.name

    def takes(self, channel: str) -> bool:
        """Whether there is a text for a channel: email takes HTML, MJML and plain text, every other channel plain text."""
        kinds = (*_MARKUP, TemplateKind.TEXT) if channel == EMAIL else (TemplateKind.TEXT,)
        return bool(self.template.of(*kinds))

    def language_for(self, wanted: str | None, channel: str = EMAIL) -> str:
        """The language that a person is written to in: theirs if the template is written in it, else the default of all templates."""
        chosen = self._chosen(channel, wanted or self.messaging.language.default)
        return chosen.language or self.messaging.language.default

    def compile(
        self, channel: str, language: str | None = None, subject: Phrase | None = None, *, said: FrontMatter = NOTHING_SAID
    ) -> Renderer:
        """What renders the message for a channel and a person's language. Compiled once, however often it is asked for.

        `subject` and `said` are what a campaign says in place of the template's own. Raises InvalidError for a template that cannot be
        compiled, or
        has nothing for the channel.
        """
        wanted = language or self.messaging.language.default
        said = said if subject is None else replace(said, subject=subject)
        key = (channel, wanted, said)
        if key not in self._renderers:
            try:
                self._renderers[key] = self._build(channel, wanted, said)
            except BadTemplateError as error:
                raise InvalidError([error.issue]) from None
        return self._renderers[key].renderer

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The files that the message is made of in any language, by path, as they are on disk. Raises InvalidError."""
        used = {file.path for file in self.template.files}
        for channel in (EMAIL, "sms"):
            if self.takes(channel):
                for language in [None, *sorted({file.language for file in self._all_languages() if file.language})]:
                    self.compile(channel, language)
        for built in self._renderers.values():
            used |= built.paths
        return {path: self.sources[path] for path in sorted(used)}

    @cached_property
    def hash(self) -> str:
        """The hex SHA-256 of `texts`, paths and all. Raises InvalidError."""
        return hash_of(self.name, self.texts)

    def _all_languages(self) -> list[TemplateFile]:
        return [*self.template.files, *self.parts.values()]

    def _build(self, channel: str, language: str, said: FrontMatter) -> Built:
        from engage_cli.messaging.build import build  # most runs compile nothing, and start faster without

        chosen = _said_otherwise(self._chosen(channel, language), said)
        beside = None
        if chosen.kind is not TemplateKind.TEXT:
            texts = self.template.of(TemplateKind.TEXT)
            beside = next((file for file in texts if file.language == chosen.language), None)
        sender = self.messaging.channels[channel].sender if channel in self.messaging.channels else None
        return build(
            chosen,
            beside,
            self.parts,
            self.sources,
            channel=channel,
            language=chosen.language or self.messaging.language.default,
            wanted=language,
            sender=sender,
            timezone=self.timezone,
        )

    def _chosen(self, channel: str, language: str) -> TemplateFile:
        """The file for a language: its own, that of the language without the country, that of no language."""
        files = (self.template.of(*_MARKUP) if channel == EMAIL else ()) or self.template.of(TemplateKind.TEXT)
        if not files:
            first = self.template.files[0]
            message = f"the template `{self.name}` has no text for {channel}"
            hint = f"write {self.name}.txt: {channel} takes plain text"
            raise InvalidError([Issue("no-text", message, Span(first.path, 1, 1, 1, 1), hint)])
        by_language = {file.language: file for file in files}
        for candidate in (language, language.partition("-")[0], None, self.messaging.language.default):
            if candidate in by_language:
                return by_language[candidate]
        return files[0]


def _said_otherwise(file: TemplateFile, said: FrontMatter) -> TemplateFile:
    """The file, with what a campaign says in place of its front matter."""
    front = file.front
    front = replace(
        front,
        subject=said.subject or front.subject,
        sender=said.sender or front.sender,
        reply_to=said.reply_to or front.reply_to,
        preheader=said.preheader or front.preheader,
    )
    return file if front == file.front else replace(file, front=front)


def load_templates(project: Project) -> dict[str, MessageTemplate]:
    """Every message of a project by its name. Nothing is compiled yet."""
    return _messages(project.templates, project.texts, project.config.messaging, project.config.timezone)


def restore_template(name: str, texts: Mapping[str, str], messaging: Messaging, timezone: str) -> MessageTemplate:
    """The message that `texts` were of, when they are no longer in the project. Raises InvalidError where they are none."""
    reader = TemplateReader()
    for path, text in texts.items():
        reader.take(path, text)
    templates = reader.templates()
    if reader.issues or name not in templates.messages:
        raise InvalidError(reader.issues or [Issue("no-text", f"the texts hold no template `{name}`")])
    return _messages(templates, texts, messaging, timezone)[name]


def hash_of(name: str, texts: Mapping[str, str]) -> str:
    """The hash of a message's texts."""
    canonical = json.dumps([name, sorted(texts.items())], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _messages(templates: Templates, texts: Mapping[str, str], messaging: Messaging, timezone: str) -> dict[str, MessageTemplate]:
    plain = MessageTemplate(Template("", ()), templates.parts, messaging, timezone, texts)
    return {name: replace(plain, template=template, _renderers={}) for name, template in templates.messages.items()}
