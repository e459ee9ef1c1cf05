"""An issue as lines of text: where, what, the line of the file with the place underlined, and what to do.

Every character that a terminal would not show as itself is escaped: file names and texts may be somebody else's.
"""

import unicodedata
from collections.abc import Mapping

from engage_cli.definitions.yaml_text import split_lines
from engage_cli.source import Issue, Span, visible

_WIDTH = 110
_LEAD = 40
"""Of a line that is too long to be shown, so much is shown before the place."""


def render_issue(issue: Issue, texts: Mapping[str, str]) -> list[str]:
    """The lines of one issue. `texts` are the files by their paths; without the file there is no excerpt."""
    place = "" if issue.span is None else f"{visible(str(issue.span))}: "
    lines = [f"{place}{issue.severity.value}[{issue.code}]: {visible(issue.message)}"]
    if issue.span is not None and issue.span.file in texts:
        lines += excerpt(issue.span, texts[issue.span.file])
    if issue.hint is not None:
        lines.append(f"  hint: {visible(issue.hint)}")
    return lines


def excerpt(span: Span, text: str) -> list[str]:
    """The line where a span begins, and carets under it; nothing where the text has no such line or the line is empty."""
    lines = split_lines(text)
    if span.line > len(lines) or not lines[span.line - 1].strip():
        return []
    line = lines[span.line - 1]
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    line, start, end = _cut(line, start, max(end, start + 1))
    number = str(span.line)
    before, marked = _shown(line[:start]), _shown(line[start:end])
    carets = "^" * max(_columns(marked), 1)
    return [f"  {number} | {_shown(line)}", f"  {' ' * len(number)} | {' ' * _columns(before)}{carets}"]


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A stretch of a long line around a place, and the place in it."""
    if len(line) <= _WIDTH:
        return line, start, end
    first = max(0, min(start - _LEAD, len(line) - _WIDTH))
    shown = line[first : first + _WIDTH]
    lead, trail = "…" if first else "", "…" if first + _WIDTH < len(line) else ""
    start, end = start - first + len(lead), min(end - first, _WIDTH) + len(lead)
    return f"{lead}{shown}{trail}", start, end


def _shown(text: str) -> str:
    return visible(text.replace("\t", " "))


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
