"""Issues of the user's files: place, excerpt, caret, hint, in colour where there is any."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engage_cli.cli.render.blocks import EMPTY, Block, Line, Piece, Style, dim, line
from engage_cli.definitions.excerpts import render_issue
from engage_cli.definitions.yaml_text import MAX_BYTES
from engage_cli.source import Issue, Severity

_HEAD = re.compile(r"(?P<place>.*?)(?P<severity>error|warning|note)(?P<code>\[[^\]]*\]): (?P<message>.*)")
_STYLES = {Severity.ERROR: Style.BAD, Severity.WARNING: Style.WARNING, Severity.NOTE: Style.DIM}
_EXCERPT = re.compile(r"(?P<margin> +\d* *\| )(?P<rest>.*)")


def issue_blocks(issues: Sequence[Issue], texts: dict[str, str]) -> Iterator[Block]:
    """Every issue with its excerpt, an empty line between two."""
    for number, issue in enumerate(issues):
        if number:
            yield EMPTY
        head, *rest = render_issue(issue, texts)
        yield _head(head, issue)
        for text in rest:
            yield _below(text)


def texts_of(folder: Path | None, issues: Iterable[Issue]) -> dict[str, str]:
    """The texts of the files that issues point into, by their paths from the project's folder. What cannot be read is left out."""
    found: dict[str, str] = {}
    for file in {issue.span.file for issue in issues if issue.span is not None}:
        try:
            with ((folder or Path()) / file).open("rb") as opened:
                found[file] = opened.read(MAX_BYTES).decode("utf-8-sig", "replace")
        except (OSError, ValueError):
            continue
    return found


def _head(text: str, issue: Issue) -> Line:
    parts = _HEAD.fullmatch(text)
    if parts is None:
        return line(text)
    severity = Piece(f"{parts['severity']}{parts['code']}", _STYLES[issue.severity])
    return line(Piece(parts["place"], Style.STRONG), severity, ": ", parts["message"])


def _below(text: str) -> Line:
    parts = _EXCERPT.fullmatch(text)
    if parts is not None:
        carets = set(parts["rest"].strip()) == {"^"}
        return line(dim(parts["margin"]), Piece(parts["rest"], Style.BAD if carets else Style.PLAIN))
    if text.startswith("  hint: "):
        return line(Piece("  hint: ", Style.GOOD), text.removeprefix("  hint: "))
    return line(text)
