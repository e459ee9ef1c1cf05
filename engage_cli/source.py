"""Where in the user's files something stands, and what is wrong there."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from engage_cli.errors import EngageError, ExitCode


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file. Lines and columns count from 1, columns in characters.

    `file` is the path as the user would type it from the project folder. The end is exclusive.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """Errors stop a command; warnings are shown and the command goes on; notes say what is right and should be known."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem of the user's files.

    `code` is a stable short name (`unknown-key`), `message` one sentence that says what is wrong and what was
    expected, `hint` what to do about it (often the nearest valid name).
    """

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR


class InvalidError(EngageError):
    """The definitions (or the data) are invalid; carries every issue that was found."""

    exit_code = ExitCode.INVALID

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        count = sum(issue.severity is Severity.ERROR for issue in self.issues)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} found")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a slip of, if any is close."""
    candidates = sorted(set(known))
    folded = {candidate.lower(): candidate for candidate in reversed(candidates)}
    if name.lower() in folded:
        return folded[name.lower()]
    close = get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The hint ``did you mean `within`?``, or None when nothing known is close to `name`."""
    match = nearest(name, known)
    return None if match is None else f"did you mean `{visible(match)}`?"


def visible(text: str) -> str:
    """`text` with control, bidirectional and other invisible characters escaped, safe for a terminal.

    Names and values come from files that somebody else may have written: an escape sequence or a
    right-to-left override in one of them must not rewrite what the user reads.
    """
    return "".join(char if char.isprintable() or char == " " else f"\\u{ord(char):04x}" for char in text)
