"""YAML nodes with the place of each: what shapes read. Made by yaml_composer, which bounds their number and depth."""

from msgspec import Struct

from engage_cli.definitions.values import Boolean, Day, Instant, Literal, Number, Text
from engage_cli.source import Span, visible


class Scalar(Struct, frozen=True):
    """A single value; None is null. `text` is as written, without quotes; `plain` says that there were none."""

    value: Literal | None
    text: str
    plain: bool
    span: Span


class Sequence(Struct, frozen=True):
    """A list."""

    items: tuple["Node", ...]
    span: Span


class Entry(Struct, frozen=True):
    """One key of a mapping and its value."""

    key: str
    key_span: Span
    value: "Node"


class Mapping(Struct, frozen=True):
    """Entries in the order in which they are written; no key twice. Not `whole` where a key was left out as wrong."""

    entries: tuple[Entry, ...]
    span: Span
    whole: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(entry.key for entry in self.entries)

    def entry(self, key: str) -> Entry | None:
        """The entry under a key."""
        return next((entry for entry in self.entries if entry.key == key), None)


class Broken(Struct, frozen=True):
    """A node that was reported as wrong when it was composed, and needs no second report."""

    span: Span


Node = Scalar | Sequence | Mapping | Broken


def shortened(text: str, width: int = 60) -> str:
    """`text` in backticks, safe for a terminal and not longer than a line can bear."""
    seen = visible(text.replace("\n", " ")[: width + 1])
    return f"`{text[:width] if seen == text[:width] else seen[:width]}{'…' if len(text) > width else ''}`"


def described(node: Node) -> str:
    """What a node is, as a message says it: ``the number `5` ``, `a list`."""
    match node:
        case Scalar():
            return _scalar_described(node)
        case Sequence(()):
            return "an empty list"
        case Sequence():
            return "a list"
        case Mapping(entries=()):
            return "an empty mapping"
        case Mapping():
            return "a mapping"
        case Broken():
            return "something that cannot be read"


def _scalar_described(node: Scalar) -> str:
    match node.value:
        case None:
            return "nothing" if not node.text else f"{shortened(node.text)}, which is nothing"
        case Text(value):
            return "empty text" if not value else f"the text {shortened(value)}"
        case Number():
            return f"the number {shortened(node.text)}"
        case Boolean():
            return f"{shortened(node.text)}, a boolean"
        case Day():
            return f"the date {shortened(node.text)}"
        case Instant():
            return f"the instant {shortened(node.text)}"
