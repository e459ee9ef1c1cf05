"""What `check` found, and its sum in one line."""

from collections.abc import Iterator

from engage_cli.cli.render.blocks import EMPTY, Block, Piece, Style, counted, line
from engage_cli.cli.render.issues import issue_blocks
from engage_cli.service.results.project import CheckResult
from engage_cli.source import Severity


def check_blocks(result: CheckResult, texts: dict[str, str], *, valid: bool, notes: bool = True) -> Iterator[Block]:
    """Every issue, then the sum. Without `notes`, only errors and warnings."""
    shown = [issue for issue in result.issues if notes or issue.severity is not Severity.NOTE]
    yield from issue_blocks(shown, texts)
    if shown:
        yield EMPTY
    errors = sum(issue.severity is Severity.ERROR for issue in result.issues)
    warnings = sum(issue.severity is Severity.WARNING for issue in result.issues)
    rows = sum(reject.rows for reject in result.data.rejects) if result.data is not None else 0
    found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}" if errors or warnings or rows else "no problems"
    found += f", {counted(rows, 'row that cannot be read', 'rows that cannot be read')}" if rows else ""
    definitions = f"{counted(result.definitions, 'definition')} checked: " if result.definitions else ""
    yield line(definitions, Piece(found, Style.GOOD if valid and not (warnings or rows) else Style.WARNING if valid else Style.BAD))
