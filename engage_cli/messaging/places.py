"""Where in the author's files something of a template stands, when several files have become one.

Jinja knows lines alone. The parts that a template is put together of are therefore numbered, and every node carries the number of its
part beside its line: `part * STRIDE + line`.
"""

from collections.abc import Mapping

from jinja2 import nodes
from msgspec import Struct, field

from engage_cli.definitions.yaml_text import split_lines
from engage_cli.source import Span

_ENDS = {"{{": "}}", "{%": "%}"}
STRIDE = 1_000_000
"""More lines than a file can have."""


class Part(Struct, frozen=True):
    """A text that is parsed: `line` is the line of the file in which it begins."""

    path: str
    text: str
    line: int = 1


class Places(Struct):
    """The parts of one message so far. `sources` are whole files by path: what stands around a value of front matter is in them alone."""

    sources: Mapping[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    def add(self, part: Part) -> int:
        """The number of a part."""
        self.parts.append(part)
        return len(self.parts) - 1

    def mark(self, tree: nodes.Template, number: int) -> None:
        """Give every node of a parsed part its place."""
        base = number * STRIDE + self.parts[number].line - 1
        self._mark(tree, base + 1, base)

    def _mark(self, node: nodes.Node, above: int, base: int) -> None:
        """Jinja gives some nodes no line; they stand where the node around them does."""
        for child in node.iter_child_nodes():
            child.lineno = above if child.lineno is None else child.lineno + base
            self._mark(child, child.lineno, base)

    def file_and_line(self, lineno: int) -> tuple[str, int]:
        """The file and line of a node."""
        return self.parts[lineno // STRIDE].path, lineno % STRIDE

    def span(self, lineno: int, *words: str) -> Span:
        """The span of the first of the words that stands in the line (of `{{` to its `}}`), or of the line's text."""
        part, line = self.parts[lineno // STRIDE], lineno % STRIDE
        whole = self.sources.get(part.path)
        lines, at = (split_lines(part.text), line - part.line) if whole is None else (split_lines(whole), line - 1)
        text = lines[at] if 0 <= at < len(lines) else ""
        for word in words:
            if (at := text.find(word)) >= 0 and word:
                end = text.find(_ENDS[word], at) + 2 if word in _ENDS else at + len(word)
                return Span(part.path, line, at + 1, line, max(end, at + len(word)) + 1)
        start = len(text) - len(text.lstrip())
        return Span(part.path, line, start + 1, line, max(len(text.rstrip()), start + 1) + 1)
