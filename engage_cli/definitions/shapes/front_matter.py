"""The shape of a template's front matter."""

from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import TextShape
from engage_cli.definitions.template import FrontMatter, Phrase
from engage_cli.definitions.yaml_nodes import Node, Scalar

_TEXT = TextShape("text")


def _phrase(text: str, node: Node, _reading: Reading) -> Phrase:
    """The text of a block (`|`, `>`) begins in the line below its sign."""
    assert isinstance(node, Scalar)
    is_block = not node.plain and node.span.end_line > node.span.line and node.span.end_column == 1
    return Phrase(text, node.span.line + is_block, node.span)


_PHRASE: Shape[Phrase] = _TEXT.then(_phrase)

_SUBJECT = Key("subject", _PHRASE, "The subject of an email, the title of a push message.")
_FROM = Key("from", _PHRASE, "The sender, such as `Acme <hello@acme.example>`; by default the channel's.")
_REPLY_TO = Key("reply_to", _PHRASE, "Where answers go.")
_PREHEADER = Key("preheader", _PHRASE, "The line that mail programs show beside the subject.")
_TEXT_PART = Key("text", _PHRASE, "The text of an email for those who read no HTML; by default it is made of the HTML.")


def _front_matter(fields: Fields, _reading: Reading) -> FrontMatter:
    return FrontMatter(fields.get(_SUBJECT), fields.get(_FROM), fields.get(_REPLY_TO), fields.get(_PREHEADER), fields.get(_TEXT_PART))


FRONT_MATTER: Shape[FrontMatter] = Record(
    "front matter",
    [_SUBJECT, _FROM, _REPLY_TO, _PREHEADER, _TEXT_PART],
    _front_matter,
    description="What stands above a template's body, between two lines `---`.",
    hints={
        **dict.fromkeys(("title", "headline"), "write `subject`"),
        **dict.fromkeys(("sender", "from_", "from_email"), "write `from`"),
        **dict.fromkeys(("reply-to", "replyTo", "replyto"), "write `reply_to`"),
        **dict.fromkeys(("preview", "preview_text", "snippet"), "write `preheader`"),
        **dict.fromkeys(("plain", "plain_text", "body_text"), "write `text`"),
        **dict.fromkeys(("extends", "layout"), 'write `{% extends "layouts/…" %}` in the body'),
    },
)
