"""What `check` found, and its sum in one line."""

from collections.abc import Iterator

from engage_cli.cli.render.blocks import EMPTY, Block, Piece, Style, counted, line
from engage_cli.cli.render.issues import issue_blocks
from engage_cli.service.results.project import CheckResult
from engage_cli.source import Severity


def check_blocks(result: CheckResult, texts: dict[str, str], *, valid: bool) -> Iterator[Block]:
    """Every issue, then the sum."""
    yield from issue_blocks(result.issues, texts)
    if result.issues:
        yield EMPTY
    errors = sum(issue.severity is Severity.ERROR for issue in result.issues)
    warnings = sum(issue.severity is Severity.WARNING for issue in result.issues)
    found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}" if errors or warnings else "no problems"
    definitions = f"{counted(result.definitions, 'definition')} checked: " if result.definitions else ""
    yield line(definitions, Piece(found, Style.GOOD if valid and not warnings else Style.WARNING if valid else Style.BAD))
