"""Copies of the files of a source that says `on_missing_file: keep`: a file that is gone is read from its copy.

The folder has each file whole, under the path that engage.yaml finds it by, so that no state and no store is needed to read it again.
Runs that hold the project's lock write it, one file at a time by rename; everybody reads it. A copy has its file's time of change,
by which it is known to be of that very content.
"""

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from engage_cli import files
from engage_cli.definitions.project import MissingFile, Source
from engage_cli.engine.base import StillWrittenError

ABSOLUTE = "_absolute"
"""Where files outside the project's folder are, under their whole path."""

Known = tuple[int, int, str]
"""What is known of a file: size in bytes, time of change in nanoseconds, sha256."""

Paths = Sequence[tuple[str, str]]
"""Files, (as shown, as opened)."""


def kept_paths(kept: Path, folder: Path, source: Source) -> dict[str, str]:
    """The copies that a source's path finds: the path of the file as it is shown, to that of the copy."""
    if source.on_missing_file is not MissingFile.KEEP:
        return {}
    pattern = os.path.normpath(source.path)
    outside = _is_outside(pattern)
    root = kept / ABSOLUTE if outside else kept
    asked = _below_root(folder, pattern) if outside else pattern
    found = [asked] if (root / asked).is_file() else glob.glob(asked, root_dir=root, recursive=True)  # noqa: PTH207 (as in files.py)
    paths = {path: str(root / path) for path in found if (root / path).is_file() and not path.endswith(files.PART)}
    if outside:
        return {_shown(path, pattern, folder): copy for path, copy in paths.items()}
    return {path: copy for path, copy in paths.items() if not path.startswith(f"{ABSOLUTE}/")}


def is_copy(kept: Path, opened: str) -> bool:
    """Whether what is opened is the copy of a file."""
    return Path(opened).is_relative_to(kept)


def moved_copies(kept: Path, folder: Path, paths: Paths, known: Mapping[str, Known]) -> frozenset[str]:
    """The copies, as opened, of files that have another name now: the same content at a path that no copy is of."""
    here = [(shown, opened) for shown, opened in paths if not is_copy(kept, opened)]
    new = [known[opened][2] for shown, opened in here if not _is_kept(_copy_of(kept, folder, shown), known[opened])]
    moved = set()
    for _, opened in paths:
        if is_copy(kept, opened) and known[opened][2] in new:
            new.remove(known[opened][2])
            moved.add(opened)
    return frozenset(moved)


def keep_files(kept: Path, folder: Path, paths: Paths, moved: Iterable[str], known: Mapping[str, Known]) -> None:
    """Copy what has no copy yet, or an older one. StillWrittenError for a file that is no longer as it was when it was hashed.

    The copy of a file that has another name now is renamed, in one step: were both there, its rows would count twice.
    """
    copies: dict[str, list[Path]] = {}
    for copy in sorted(moved):
        copies.setdefault(known[copy][2], []).append(Path(copy))
    for shown, opened in paths:
        target = _copy_of(kept, folder, shown)
        size, modified, content = known[opened]
        if is_copy(kept, opened) or (target.is_file() and _stat(target) == (size, modified)):
            continue
        if not _is_kept(target, known[opened]):
            files.make_folder(target.parent)
            if copies.get(content):
                files.rename(copies[content].pop(), target)
            else:
                files.copy_file(Path(opened), target)
                if _stat(Path(opened)) != (size, modified):
                    files.remove(target)
                    raise StillWrittenError([shown])
        os.utime(target, ns=(modified, modified))


def _is_kept(copy: Path, known: Known) -> bool:
    """Whether a copy is there and has this content; it is read where it is not of the same time."""
    if not copy.is_file() or copy.stat().st_size != known[0]:
        return False
    return _stat(copy) == known[:2] or files.sha256_of(copy) == known[2]


def _stat(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _copy_of(kept: Path, folder: Path, shown: str) -> Path:
    return kept / ABSOLUTE / _below_root(folder, shown) if _is_outside(shown) else kept / shown


def _is_outside(path: str) -> bool:
    return Path(path).is_absolute() or path.startswith("..")


def _below_root(folder: Path, path: str) -> str:
    return os.path.normpath(folder.absolute() / path).lstrip("/")


def _shown(path: str, pattern: str, folder: Path) -> str:
    """The path of a file outside the project's folder as its source's path would find it."""
    return f"/{path}" if Path(pattern).is_absolute() else os.path.relpath(f"/{path}", folder.absolute())
