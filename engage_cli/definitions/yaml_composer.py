"""Text to YAML nodes: libyaml's events, composed without recursion, with every problem and its place.

Beyond libyaml this refuses duplicate keys, keys that are no text, merge keys and tags, and bounds depth and the number
of nodes after the expansion of aliases, so that no small file can become a large one.
"""

from typing import Any

import yaml
from msgspec import Struct, field
from yaml import CSafeLoader

from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_nodes import Broken, Entry, Mapping, Node, Scalar, Sequence, described, shortened
from engage_cli.definitions.yaml_scalars import ScalarError, resolve_plain
from engage_cli.definitions.yaml_syntax import MAX_DEPTH, syntax_issue, too_deep
from engage_cli.source import Issue, Span, did_you_mean

MAX_NODES = 200_000
MAX_ISSUES = 1000

_WITH_SUGGESTION = 500
"""Among more anchors than these the closest one is not looked for."""


class Composed(Struct, frozen=True):
    """The documents of a file that are not empty, and what is wrong with its YAML. After a broken line nothing more is read."""

    documents: tuple[Node, ...]
    issues: tuple[Issue, ...]
    complete: bool
    """Whether the file was read to its end."""


def compose(file: str, text: str) -> Composed:
    """Read the YAML of a file. Never raises for what stands in it."""
    composer = _Composer(file)
    complete = True
    try:
        for event in yaml.parse(text, Loader=CSafeLoader):
            composer.take(event)
    except yaml.YAMLError as error:
        composer.issues.append(syntax_issue(file, text, error))
        complete = False
    except _TooMuchError:
        complete = False
    return Composed(tuple(composer.documents), tuple(composer.issues), complete)


class _TooMuchError(Exception):
    """A bound is passed; the issue is recorded, and the rest of the file is left unread."""


class _Built(Struct):
    """A finished node; `size` counts its nodes with aliases expanded, `height` its levels of lists and mappings."""

    node: Node
    size: int = 1
    height: int = 0


class _Frame(Struct):
    """A list or mapping under way."""

    start: Any
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    is_tagged: bool
    items: list[Node] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    keys: dict[str, Span] = field(default_factory=dict)
    whole: bool = True
    pending: Node | None = None
    size: int = 1
    height: int = 0


class _Composer:
    """Takes events one by one, and gathers documents and issues."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.documents: list[Node] = []
        self.issues: list[Issue] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Built | None] = {}
        """None while the anchored list or mapping is still open."""
        self._nodes = 0

    def take(self, event: Any) -> None:
        """Go on by one event of libyaml."""
        match event:
            case yaml.ScalarEvent():  # most are
                self._add(self._anchored(event.anchor, _Built(self._scalar(event))))
            case yaml.CollectionStartEvent():
                self._open(event)
            case yaml.CollectionEndEvent():
                self._add(self._close(event))
            case yaml.AliasEvent():
                built = self._alias(event)
                self._add(built, built.size)
            case yaml.DocumentStartEvent():
                self._anchors = {}

    # ---- nodes ----

    def _alias(self, event: Any) -> _Built:
        span = self._span(event.start_mark, event.end_mark)
        if event.anchor not in self._anchors:
            near = did_you_mean(event.anchor, self._anchors) if len(self._anchors) < _WITH_SUGGESTION else None
            name = event.anchor[:60]
            message = f"no `&{name}` stands before this `*{name}`"
            return self._broken("alias", message, span, near or 'quote a text that begins with `*`, such as "*"')
        built = self._anchors[event.anchor]
        if built is None:
            return self._broken(
                "alias",
                f"`*{event.anchor[:60]}` stands inside the list or mapping that it names, and would contain itself",
                span,
                "write it out",
            )
        return built

    def _scalar(self, event: Any) -> Node:
        span = self._span(event.start_mark, event.end_mark)
        if event.tag is not None:
            return self._tagged(event.tag, span)
        if not event.implicit[0]:
            if "\0" in event.value:
                return self._broken("character", "a text cannot hold the character U+0000", span, r"leave out the `\0`").node
            return Scalar(Text(event.value), event.value, False, span)
        try:
            return Scalar(resolve_plain(event.value), event.value, True, span)
        except ScalarError as error:
            return self._broken(error.code, error.message, span, error.hint).node

    def _open(self, event: Any) -> None:
        span = self._span(event.start_mark, event.end_mark)
        if len(self._stack) >= MAX_DEPTH:
            self.issues.append(too_deep(span))
            raise _TooMuchError
        if event.tag is not None:
            self._tagged(event.tag, span)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Frame(event.start_mark, is_mapping, event.flow_style, event.anchor, event.tag is not None))

    def _close(self, event: Any) -> _Built:
        frame = self._stack.pop()
        span = self._span(frame.start, event.end_mark)
        parts = [entry.value for entry in frame.entries] if frame.is_mapping else frame.items
        if not frame.is_flow and parts:
            last = parts[-1].span
            if (last.end_line, last.end_column) > (span.line, span.column):  # an alias ends where its anchor does
                span = Span(self.file, span.line, span.column, last.end_line, last.end_column)
        node: Node = Mapping(tuple(frame.entries), span, frame.whole) if frame.is_mapping else Sequence(tuple(frame.items), span)
        if frame.is_tagged:
            node = Broken(span)
        return self._anchored(frame.anchor, _Built(node, frame.size, frame.height + 1))

    def _anchored(self, anchor: str | None, built: _Built) -> _Built:
        if anchor is not None:
            self._anchors[anchor] = built
        return built

    # ---- into the parent ----

    def _add(self, built: _Built, new_nodes: int = 1) -> None:
        self._bound(built, new_nodes)
        if not self._stack:
            if not (isinstance(built.node, Scalar) and built.node.value is None):
                self.documents.append(built.node)
            return
        frame = self._stack[-1]
        frame.size += built.size
        frame.height = max(frame.height, built.height)
        if not frame.is_mapping:
            frame.items.append(built.node)
        elif frame.pending is None:
            frame.pending = built.node
        else:
            self._add_entry(frame, frame.pending, built.node)
            frame.pending = None

    def _bound(self, built: _Built, new_nodes: int) -> None:
        self._nodes += new_nodes
        if self._nodes > MAX_NODES:
            message = f"the file has more than {MAX_NODES:,} values (aliases count as often as they are used)"
            self._too_much("too-large", message, built.node.span, "put long lists of values in a CSV file and name it with `in_file`")
        if len(self._stack) + built.height > MAX_DEPTH:
            self._too_much(
                "too-deep", f"aliases nest this more than {MAX_DEPTH} levels deep", built.node.span, "write it with fewer levels"
            )

    def _add_entry(self, frame: _Frame, key: Node, value: Node) -> None:
        match key:
            case Scalar(Text(name)) if not (key.plain and name == "<<"):
                self._add_named(frame, name, key.span, value)
                return
            case Scalar(Text()):
                self._issue("merge-key", "merge keys (`<<`) are not part of YAML 1.2", key.span, "write the keys out")
            case Scalar(None, text=""):
                self._issue("key", "a key is missing before this `:`", key.span, "write `key: value`")
            case Scalar():
                self._issue("key", f"a key is text, and this is {described(key)}", key.span, f'quote it: "{key.text}"')
            case Sequence() | Mapping():
                self._issue("key", f"a key is text, and this is {described(key)}", key.span, "write `key: value`")
        frame.whole = False

    def _add_named(self, frame: _Frame, name: str, span: Span, value: Node) -> None:
        first = frame.keys.setdefault(name, span)
        if first is span:
            frame.entries.append(Entry(name, span, value))
        else:
            message = f"the key {shortened(name)} stands twice in this mapping, first in line {first.line}, column {first.column}"
            self._issue("duplicate-key", message, span, "keep one of the two")

    # ---- issues ----

    def _tagged(self, tag: str, span: Span) -> Node:
        message = f"tags such as {shortened(tag.replace('tag:yaml.org,2002:', '!!'))} have no meaning here"
        hint = "leave it out; quote a value to make it text, or a text that begins with `!`"
        return self._broken("tag", message, span, hint).node

    def _broken(self, code: str, message: str, span: Span, hint: str | None) -> _Built:
        self._issue(code, message, span, hint)
        return _Built(Broken(span))

    def _issue(self, code: str, message: str, span: Span, hint: str | None) -> None:
        self.issues.append(Issue(code, message, span, hint))
        if len(self.issues) >= MAX_ISSUES:
            raise _TooMuchError

    def _too_much(self, code: str, message: str, span: Span, hint: str) -> None:
        self._issue(code, message, span, hint)
        raise _TooMuchError

    def _span(self, start: Any, end: Any) -> Span:
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
