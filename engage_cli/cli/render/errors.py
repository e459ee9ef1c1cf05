"""What went wrong, for people and as a document."""

import traceback
from collections.abc import Iterator
from typing import Any

from engage_cli.cli.render.blocks import EMPTY, Block, Piece, Style, dim, line
from engage_cli.cli.render.documents import issue_document
from engage_cli.cli.render.issues import issue_blocks
from engage_cli.errors import EngageError
from engage_cli.source import InvalidError


def error_blocks(error: EngageError, texts: dict[str, str]) -> Iterator[Block]:
    """An error in a line, what to do in a second, and before them the issues that it carries."""
    if isinstance(error, InvalidError):
        yield from issue_blocks(error.issues, texts)
        yield EMPTY
    first, *more = error.message.splitlines() or [""]
    yield line(Piece("error", Style.BAD), ": ", first)
    yield from (line(f"  {text}") for text in more)
    if error.hint is not None:
        yield line(Piece("  hint: ", Style.GOOD), error.hint)


def error_document(error: EngageError, code: int) -> dict[str, Any]:
    """`{"error": {…}}`, with the issues of invalid definitions."""
    issues = error.issues if isinstance(error, InvalidError) else ()
    shown = [issue_document(issue) for issue in issues]
    return {"error": {"message": error.message, "hint": error.hint, "exit_code": int(code), "issues": shown}}


def traceback_blocks(error: BaseException) -> Iterator[Block]:
    """The traceback, for --verbose."""
    text = "".join(traceback.format_exception(error))
    yield from (line(dim(one)) for one in text.splitlines())
