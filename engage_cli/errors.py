"""What a user can be told went wrong, and the exit codes that scripts rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The process exit codes of every command (see docs/cli.md)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    LOCKED = 4
    WOULD_CHANGE = 5


class EngageError(Exception):
    """Something that the user can act on: what happened, and what to do about it.

    `message` says what happened and where, `hint` what to do. Anything else that is
    raised is a bug of engage and is reported as one.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(EngageError):
    """The command line asks for something that cannot be meant: an unknown name, a bad option."""

    exit_code = ExitCode.USAGE


class DataError(EngageError):
    """The definitions are fine but the data they name cannot be read as declared."""

    exit_code = ExitCode.INVALID


class LockedError(EngageError):
    """Another run holds the project's state."""

    exit_code = ExitCode.LOCKED
