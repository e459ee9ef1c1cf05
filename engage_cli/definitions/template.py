"""Message templates as frozen values: the files of campaigns/templates/, before anything reads what is in them.

`messaging/` parses, checks and renders them; here they are texts with places.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from engage_cli.source import Span


class TemplateKind(StrEnum):
    """What a template's file holds, by the end of its name."""

    HTML = "html"
    MJML = "mjml"
    TEXT = "txt"
    STYLES = "css"
    """A part only: styles that a layout includes."""


class Phrase(Struct, frozen=True):
    """A value of the front matter: a little template of its own. `line` is the file's line in which its text begins."""

    text: str
    line: int
    span: Span


class FrontMatter(Struct, frozen=True):
    """What stands above a template's body. None: not said, so that the channel's own sender, or nothing, stands for it."""

    subject: Phrase | None = None
    sender: Phrase | None = None
    reply_to: Phrase | None = None
    preheader: Phrase | None = None
    text: Phrase | None = None


class TemplateFile(Struct, frozen=True):
    """One file. `path` is from the project's folder, `name` from campaigns/templates/: what `extends` and `include` say.

    `language` is None where the name says none. `line` is the file's line in which the body begins.
    """

    path: str
    name: str
    kind: TemplateKind
    language: str | None
    front: FrontMatter
    body: str
    line: int


class Template(Struct, frozen=True):
    """A message by its name, in every language and kind that it is written in, in the order of their paths."""

    name: str
    files: tuple[TemplateFile, ...]

    def of(self, *kinds: TemplateKind) -> tuple[TemplateFile, ...]:
        """Its files of these kinds."""
        return tuple(file for file in self.files if file.kind in kinds)


class Templates(Struct, frozen=True):
    """Every message by its name, and the layouts and partials that they are made of by theirs (with the language's own beside it)."""

    messages: Mapping[str, Template] = field(default_factory=dict)
    parts: Mapping[str, TemplateFile] = field(default_factory=dict)
