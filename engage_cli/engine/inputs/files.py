"""Which files stand behind the sources of engage.yaml, and what format each has."""

import glob
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath

from msgspec import Struct

from engage_cli.definitions.project import Source
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.kept import kept_paths
from engage_cli.engine.inputs.remote import find_remote, is_remote
from engage_cli.errors import DataError
from engage_cli.source import nearest, visible


class Format(StrEnum):
    """What is in a file, by its extension."""

    PARQUET = "parquet"
    CSV = "csv"
    LINES = "lines"  # .jsonl, .ndjson: one object a line
    JSON = "json"  # an array of objects, or one object a line


FORMAT_NAMES = {Format.PARQUET: "Parquet", Format.CSV: "CSV", Format.LINES: "lines of JSON", Format.JSON: "JSON"}
FORMATS = {".parquet": Format.PARQUET, ".csv": Format.CSV, ".jsonl": Format.LINES, ".ndjson": Format.LINES, ".json": Format.JSON}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


class InputPath(Struct, frozen=True):
    """One file of a source. `shown` is how a user knows it, `opened` how DuckDB finds it, and how it names it in results.

    `may_have_long_lines` unless hashing.py saw that it has none.
    """

    shown: str
    opened: str
    file_format: Format
    compression: str | None
    may_have_long_lines: bool = True

    @property
    def pattern(self) -> str:
        """The path as DuckDB takes it: what would be a glob in it is escaped."""
        return self.opened if is_remote(self.opened) else "".join(f"[{char}]" if char in "[*?" else char for char in self.opened)


def find_paths(connection: Connection, folder: Path, source: Source) -> tuple[InputPath, ...]:
    """The files of a source in path order. DataError, naming the line of engage.yaml, where there is none."""
    key = source.path, source.on_missing_file
    if key not in connection.listed:
        connection.listed[key] = _found(connection, folder, source)
    found = [path for path in connection.listed[key] if path[1] not in connection.moved]
    if not found and not connection.may_be_missing:
        raise DataError(f"{source.span}: no file matches `{visible(source.path)}`", hint=missing_hint(folder, source.path))
    return tuple(_input_path(source, shown, opened) for shown, opened in sorted(found))


def _found(connection: Connection, folder: Path, source: Source) -> list[tuple[str, str]]:
    if is_remote(source.path):
        return [(path, path) for path in find_remote(connection, source)]
    # `./a` and `a//b` are other spellings of `a` and `a/b`.
    found = {path: str(folder / path) for path in map(os.path.normpath, _local(folder, source.path, connection.own_folders))}
    copies = kept_paths(connection.kept, folder, source) if connection.kept is not None else {}
    return list((copies | found).items())


def _local(folder: Path, pattern: str, own: Sequence[Path]) -> list[str]:
    """The files that a path or glob names, relative to the folder unless it is absolute. A glob finds none in `own` folders."""
    if (folder / pattern).is_file():
        return [pattern]
    paths = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    mine = [one.resolve() for one in own]
    return [path for path in paths if (folder / path).is_file() and not any((folder / path).resolve().is_relative_to(one) for one in mine)]


def missing_hint(folder: Path, pattern: str) -> str:
    """What may be meant by a path that finds nothing."""
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
    # Segment names the files of its logs `….gz`, and no more.
    file_format = FORMATS.get(extension) or (Format.LINES if source.segment and compression else None)
    if file_format is None or (compression and file_format is Format.PARQUET):
        raise DataError(
            f"{source.span}: the format of `{visible(shown)}` is not known by its name",
            hint="files end in .parquet, .csv, .jsonl, .ndjson or .json; all but .parquet also with .gz or .zst after it",
        )
    return InputPath(shown, opened, file_format, compression)
