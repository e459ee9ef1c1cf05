"""File operations that last: written, fsynced, renamed, in that order. Everything that state and outputs put on disk goes through here.

Each operation passes a crash point before and after it takes effect. OSErrors become errors that a user can act on.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EDQUOT, EEXIST, EFBIG, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS
from pathlib import Path

from engage_cli.crash import crash_point
from engage_cli.errors import EngageError

PART = ".part"
"""The end of a name that is not final: what carries it is unfinished and is never read by anybody else."""

_HINTS = {
    ENOSPC: "make room on the disk and run again",
    EDQUOT: "make room in the disk quota and run again",
    EFBIG: "the system limits the size of files here; raise the limit and run again",
    EACCES: "make the folder writable for this user",
    EPERM: "make the folder writable for this user",
    **dict.fromkeys((EEXIST, ENOTDIR, EISDIR), "something else has that name: move it away, or name another place in engage.yaml"),
    EROFS: "the file system is read-only; choose another folder in engage.yaml",
}


@contextmanager
def on_disk(action: str, path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into an EngageError that says which file, why, and what to do."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno) if error.errno is not None else None
        raise EngageError(f"cannot {action} {path}: {error.strerror or error}", hint=hint) from error


def part_of(path: Path) -> Path:
    """The name that `path` carries while it is being made."""
    return path.with_name(path.name + PART)


def make_folder(path: Path) -> None:
    """Make a folder and its parents, durably; it may exist."""
    with on_disk("make the folder", path):
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for folder in missing:
            sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder last."""
    crash_point("sync folder")
    with on_disk("sync the folder", path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the bytes of a file last."""
    crash_point("sync file")
    with on_disk("sync", path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a new file and fsync it."""
    crash_point("write file")
    with on_disk("write", path), path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        crash_point("written, not synced")
        os.fsync(file.fileno())


def replace_text(path: Path, text: str) -> None:
    """Write a file whole, in place of what has its name, or not at all."""
    part = part_of(path)
    write_text(part, text)
    rename(part, path)


def copy_file(source: Path, destination: Path) -> None:
    """Copy a file under a name of its own, by way of a part that is fsynced and renamed."""
    part = part_of(destination)
    crash_point("copy file")
    try:
        with on_disk("write", destination):
            shutil.copyfile(source, part)
        sync_file(part)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    rename(part, destination)


def rename(part: Path, final: Path) -> None:
    """Give a finished file or folder its final name, durably. A file replaces its predecessor; a folder must not exist."""
    crash_point("rename")
    with on_disk("write", final):
        part.replace(final)
    crash_point("renamed, not synced")
    sync_folder(final.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; it may be gone already."""
    crash_point("remove")
    with on_disk("remove", path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The hex SHA-256 of a file's bytes."""
    with on_disk("read", path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
