"""Which files stand behind the sources of engage.yaml, what format each has, and their hashes."""

import glob
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from engage_cli.definitions.project import Source, Sources
from engage_cli.engine.base import InputFile
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.compression import Checker, checker_for
from engage_cli.engine.inputs.remote import find_remote, hash_remote, is_remote
from engage_cli.errors import DataError
from engage_cli.plan.needs import ListNeed
from engage_cli.source import nearest, visible

CHUNK = 1 << 20
KINDS = ("events", "profiles", "accounts", "memberships", "consents")


class Format(StrEnum):
    """What is in a file, by its extension."""

    PARQUET = "parquet"
    CSV = "csv"
    LINES = "lines"  # .jsonl, .ndjson: one object a line
    JSON = "json"  # an array of objects, or one object a line


FORMAT_NAMES = {Format.PARQUET: "Parquet", Format.CSV: "CSV", Format.LINES: "lines of JSON", Format.JSON: "JSON"}
FORMATS = {".parquet": Format.PARQUET, ".csv": Format.CSV, ".jsonl": Format.LINES, ".ndjson": Format.LINES, ".json": Format.JSON}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class InputPath:
    """One file of a source. `shown` is how a user knows it, `opened` how DuckDB finds it, and how it names it in results."""

    shown: str
    opened: str
    file_format: Format
    compression: str | None

    @property
    def pattern(self) -> str:
        """The path as DuckDB takes it: what would be a glob in it is escaped."""
        return self.opened if is_remote(self.opened) else "".join(f"[{char}]" if char in "[*?" else char for char in self.opened)


def find_paths(connection: Connection, folder: Path, source: Source) -> tuple[InputPath, ...]:
    """The files of a source in path order. DataError, naming the line of engage.yaml, where there is none."""
    if is_remote(source.path):
        found = [(path, path) for path in find_remote(connection, source)]
    else:
        found = [(path, str(folder / path)) for path in _local(folder, source.path)]
    if not found:
        raise DataError(f"{source.span}: no file matches `{visible(source.path)}`", hint=_missing_hint(folder, source.path))
    return tuple(_input_path(source, shown, opened) for shown, opened in sorted(found))


def _local(folder: Path, pattern: str) -> list[str]:
    """The files that a path or glob names, relative to the folder unless it is absolute."""
    paths = [pattern] if (folder / pattern).is_file() else glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    return [path for path in paths if (folder / path).is_file()]


def _missing_hint(folder: Path, pattern: str) -> str:
    if is_remote(pattern):
        return "check the address, and that it can be reached from here"
    parent = (folder / pattern).parent
    if any(char in str(parent) for char in "*?["):
        return "paths are relative to the folder of engage.yaml"
    if not parent.is_dir():
        return f"there is no folder `{visible(os.path.relpath(parent, folder))}`; paths are relative to the folder of engage.yaml"
    close = nearest(Path(pattern).name, [path.name for path in parent.iterdir()])
    return f"did you mean `{visible(close)}`?" if close else "paths are relative to the folder of engage.yaml"


def _input_path(source: Source, shown: str, opened: str) -> InputPath:
    suffixes = PurePosixPath(shown.split("?", 1)[0] if is_remote(shown) else shown).suffixes
    compression = COMPRESSIONS.get(suffixes[-1].lower()) if suffixes else None
    extension = suffixes[-2 if compression else -1].lower() if len(suffixes) > bool(compression) else ""
    file_format = FORMATS.get(extension)
    if file_format is None or (compression and file_format is Format.PARQUET):
        raise DataError(
            f"{source.span}: the format of `{visible(shown)}` is not known by its name",
            hint="files end in .parquet, .csv, .jsonl, .ndjson or .json; all but .parquet also with .gz or .zst after it",
        )
    return InputPath(shown, opened, file_format, compression)


# ---- hashes ------------------------------------------------------------------------------------------------------------


HashedFile = tuple[str, int, int]
"""A file as it was when it was hashed: path, size, time of change in nanoseconds."""


def find_inputs(
    connection: Connection, folder: Path, sources: Sources, lists: Sequence[ListNeed], hashed: dict[HashedFile, InputFile]
) -> tuple[InputFile, ...]:
    """The files behind all sources and lists, hashed, by kind and path. DataError where a path finds nothing or a file is damaged.

    `hashed` are those known already; the others are added.
    """
    found: dict[tuple[str, str], InputFile] = {}
    for kind in KINDS:
        for source in getattr(sources, kind):
            for path in find_paths(connection, folder, source):
                found[kind, path.shown] = _input_file(connection, kind, path, hashed)
    for need in lists:
        found["list", need.path] = _hashed("list", need.path, _list_path(folder, need), None, hashed)
    return tuple(found[key] for key in sorted(found))


def _list_path(folder: Path, need: ListNeed) -> Path:
    path = folder / need.path
    if not path.is_file():
        raise DataError(f"`in_file: {visible(need.path)}` names a file that does not exist", hint=_missing_hint(folder, need.path))
    return path


def _input_file(connection: Connection, kind: str, path: InputPath, hashed: dict[HashedFile, InputFile]) -> InputFile:
    if is_remote(path.opened):
        return hash_remote(connection, kind, path.opened)
    return _hashed(kind, path.shown, Path(path.opened), checker_for(path.compression), hashed)


def _hashed(kind: str, shown: str, path: Path, checker: Checker | None, hashed: dict[HashedFile, InputFile]) -> InputFile:
    """Hash a file as it streams by, and see whether its compression is whole."""
    try:
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key not in hashed:
            hashed[key] = _read(kind, shown, path, checker)
    except OSError as error:
        raise DataError(f"`{visible(shown)}` cannot be read: {error.strerror}", hint="check the file and its permissions") from error
    return replace(hashed[key], kind=kind, path=shown)


def _read(kind: str, shown: str, path: Path, checker: Checker | None) -> InputFile:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if checker is not None:
                checker.feed(chunk)
    if checker is not None and not checker.is_whole():
        raise DataError(
            f"`{visible(shown)}` is damaged or cut off: its compressed data does not end as it should",
            hint="fetch or write the file again; nothing was read from it",
        )
    return InputFile(kind, shown, size, digest.hexdigest())
