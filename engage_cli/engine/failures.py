"""DuckDB's errors that a user can do something about, as EngageErrors that say what. Anything else is a bug and passes."""

from contextlib import AbstractContextManager

import duckdb

from engage_cli.errors import EngageError, LockedError
from engage_cli.source import visible

_MEMORY_HINT = "raise `engine: {memory_limit: …}` in engage.yaml, or lower `threads`"
_DISK_HINT = "free some disk space, or point `engine: {temp_directory: …}` in engage.yaml to a larger disk"

_DAMAGED_HINT = "`engage store rebuild` makes the event store anew; if it is the state, `engage state restore` puts a backup in its place"


class MemoryLimitError(EngageError):
    """A query needs more memory than the project's limit."""


class DamagedError(EngageError):
    """A database file of ours whose blocks are not as they were written."""


class FileError(EngageError):
    """A file that cannot be read or written, for a reason that only DuckDB's own words give."""


class _Explained:
    """Every statement goes through this: it keeps nothing, and costs a quarter of what a generator would."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.Error):
            explanation = explain(error)
            if explanation is not None:
                raise explanation from error


_EXPLAINED = _Explained()


def explained() -> AbstractContextManager[None]:
    """Raises an EngageError in place of a DuckDB error that the user can act on."""
    return _EXPLAINED


def explain(error: duckdb.Error) -> EngageError | None:
    """What a user should hear of a DuckDB error; None where it is a bug of ours."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException) and "max_temp_directory_size" in text:
        return EngageError("the disk that the query spills to is full", hint=_DISK_HINT)
    if isinstance(error, duckdb.OutOfMemoryException):
        return MemoryLimitError("the query needs more memory than the engine may use", hint=_MEMORY_HINT)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return EngageError(f"the disk is full: {first_line(text)}", hint=_DISK_HINT)
    if "File too large" in text:
        return EngageError(
            f"a file may not be so large: {first_line(text)}", hint="the system limits the size of files here; raise the limit"
        )
    if "Could not set lock on file" in text:
        return LockedError("another process holds the database file", hint="wait for it to end, or look who it is: " + first_line(text))
    if "Permission denied" in text or "Read-only file system" in text:
        return EngageError(f"a file cannot be used: {first_line(text)}", hint="check the permissions of the file and of its folder")
    if "Corrupt database file" in text or "Failed to load metadata pointer" in text or isinstance(error, duckdb.SerializationException):
        return DamagedError(f"a database file is damaged: {first_line(text)}", hint=_DAMAGED_HINT)
    if isinstance(error, duckdb.IOException):
        return FileError(f"a file cannot be read or written: {first_line(text)}")
    return None


def first_line(text: str) -> str:
    """The first line of DuckDB's message, without its class and without what a terminal must not show."""
    line = text.strip().split("\n", 1)[0]
    _, _, rest = line.partition(": ") if line.split(":", 1)[0].endswith("Error") else ("", "", line)
    return visible(rest[:500])
