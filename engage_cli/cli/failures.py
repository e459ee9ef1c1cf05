"""Telling a user what went wrong: errors of theirs in full, bugs of ours in one line."""

import os
import sys
from typing import TYPE_CHECKING

from engage_cli import __version__
from engage_cli.errors import EngageError, ExitCode

if TYPE_CHECKING:
    from engage_cli.cli.output import Output

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells count it: 128 and the signal's number."""

PIPE_CLOSED = 141
"""That of one whose reader went away; nobody is there to be told."""


class _BugError(EngageError):
    """Something that should not happen."""


def tell(error: BaseException, out: "Output") -> int:
    """Tell an error on standard error, or as the JSON document; the exit code that it means."""
    if isinstance(error, SystemExit):
        return int(error.code or 0) if isinstance(error.code, int | None) else ExitCode.FAILED
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED
    try:
        return _tell(error, out)
    except BrokenPipeError:
        return PIPE_CLOSED


def _tell(error: BaseException, out: "Output") -> int:
    from engage_cli.cli.render.errors import error_blocks, error_document, traceback_blocks

    told, code = described(error)
    if out.flags.as_json:
        out.document(error_document(told, code))
    else:
        out.tell(error_blocks(told, out.texts_of(told)))
    if isinstance(told, _BugError) and out.flags.verbose:
        out.tell(traceback_blocks(error))
    sys.stdout.flush()
    return code


def described(error: BaseException) -> tuple[EngageError, int]:
    """Any exception as what a user is told, and its exit code."""
    match error:
        case _ if _is_interrupt(error):
            hint = "nothing is half done: what was not yet committed is as it was, and the next run completes what was"
            return EngageError("interrupted", hint=hint), INTERRUPTED
        case EngageError():
            return error, error.exit_code
        case OSError() if error.strerror is not None:
            place = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
            return EngageError(f"{error.strerror.lower()}{place}"), ExitCode.FAILED
        case _:
            return _bug(error), ExitCode.FAILED


def _is_interrupt(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an exception: DuckDB raises a RuntimeError of its own from it."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, KeyboardInterrupt):
            return True
        chain = chain.__cause__
    return False


def _bug(error: BaseException) -> EngageError:
    said = " ".join(str(error).split())[:200]
    message = f"this is a bug of engage {__version__}: {type(error).__name__}{': ' if said else ''}{said}{_place_of(error)}"
    return _BugError(message, hint="please report this line, and what the same command prints with --verbose")


def _place_of(error: BaseException) -> str:
    """Where in the product an exception comes from."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "engage_cli" in code.co_filename:
            place = f" (engage_cli{code.co_filename.rpartition('engage_cli')[2]}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return place
