"""The hash of every input file, and whether it is whole: what DuckDB would leave out without a word is seen as the file streams by."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from time import time_ns

from engage_cli.definitions.project import KINDS, MissingFile, Sources
from engage_cli.engine.base import InputFile, StillWrittenError
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.compression import LineChecker, checker_for
from engage_cli.engine.inputs.files import Format, InputPath, find_paths, missing_hint
from engage_cli.engine.inputs.kept import Known, moved_copies
from engage_cli.engine.inputs.remote import hash_remote, is_remote
from engage_cli.engine.inputs.text_lines import MAX_LINE, USUAL_LINE
from engage_cli.errors import DataError
from engage_cli.plan.needs import ListNeed
from engage_cli.records import replace
from engage_cli.source import visible

CHUNK = 1 << 20
PARQUET_END = b"PAR1"
SETTLING = 10_000_000_000
"""Nanoseconds. A file that changed so shortly before, and does not end as it should, is taken to be in the making."""
LOST_LINE = 15 * MAX_LINE
"""Bytes. DuckDB rejects a line longer than MAX_LINE; one that fills a whole buffer, sixteen times as long, it passes over.

A file in which such lines are looked for has others longer than USUAL_LINE, so that its buffers are those of MAX_LINE."""

HashedFile = tuple[str, int, int]
"""A file as it was when it was hashed: path, size, time of change in nanoseconds."""


def find_inputs(
    connection: Connection,
    folder: Path,
    sources: Sources,
    lists: Sequence[ListNeed],
    hashed: dict[HashedFile, InputFile],
    known: Mapping[HashedFile, InputFile],
    left: frozenset[str] | None = None,
) -> tuple[InputFile, ...]:
    """The files behind all sources and lists, hashed, by kind and path. DataError where a path finds nothing or a file is damaged.

    `known` need not be read again; all that are found are added to `hashed`. With `left`, the files of events that are left for the next
    run as they are being written, StillWrittenError for another one that seems to be.
    """
    connection.listed.clear()
    connection.moved = frozenset()
    found: dict[tuple[str, str], InputFile] = {}
    for kind in KINDS:
        for source in sources.declared(kind):
            for path in find_paths(connection, folder, source):
                unfinished = _unfinished(kind, path, left)
                found[kind, path.shown] = _input_file(connection, kind, path, hashed, known, unfinished)
    if connection.kept is not None:
        connection.moved = moved_copies(connection.kept, folder, kept_sources(connection, folder, sources), known_of(hashed))
        for kind in KINDS if connection.moved else ():
            there = {path.shown for source in sources.declared(kind) for path in find_paths(connection, folder, source)}
            found = {key: file for key, file in found.items() if key[0] != kind or key[1] in there}
    for need in lists:
        found["list", need.path] = _input_file(connection, "list", _list_path(folder, need), hashed, known)
    return tuple(found[key] for key in sorted(found))


def kept_sources(connection: Connection, folder: Path, sources: Sources) -> list[tuple[str, str]]:
    """The files, as shown and as opened, of the sources that say `on_missing_file: keep`, and the copies of those that are gone."""
    keeping = [source for kind in KINDS for source in sources.declared(kind) if source.on_missing_file is MissingFile.KEEP]
    return sorted({(path.shown, path.opened) for source in keeping for path in find_paths(connection, folder, source)})


def known_of(hashed: Mapping[HashedFile, InputFile]) -> dict[str, Known]:
    """By path what is known of each file."""
    return {path: (size, modified, file.sha256) for (path, size, modified), file in hashed.items()}


class _Unfinished(Enum):
    """What becomes of a file that does not end as it should."""

    REFUSED = "refused"  # damage is an error; a last line without an end is a line
    WAITED_FOR = "waited for"  # the same, but a file that is new is taken to be in the making
    LEFT = "left"  # it is known to be in the making: how it ends does not matter


def _unfinished(kind: str, path: InputPath, left: frozenset[str] | None) -> _Unfinished:
    if left is None or kind != "events":
        return _Unfinished.REFUSED
    return _Unfinished.LEFT if path.shown in left else _Unfinished.WAITED_FOR


def _ends(path: InputPath, last: bytes) -> bool:
    """Whether a file that ends in these bytes can be whole."""
    match path.file_format:
        case Format.PARQUET:
            return last == PARQUET_END
        case Format.CSV:
            return last.endswith(b"\n")
        case _:
            return True


def _list_path(folder: Path, need: ListNeed) -> InputPath:
    path = folder / need.path
    if not path.is_file():
        raise DataError(f"`in_file: {visible(need.path)}` names a file that does not exist", hint=missing_hint(folder, need.path))
    return InputPath(need.path, str(path), Format.CSV, None)


def _input_file(
    connection: Connection,
    kind: str,
    path: InputPath,
    hashed: dict[HashedFile, InputFile],
    known: Mapping[HashedFile, InputFile],
    unfinished: _Unfinished = _Unfinished.REFUSED,
) -> InputFile:
    """Size and hash of a file. DataError where it cannot be read, is cut off, or holds what DuckDB would pass over."""
    if is_remote(path.opened):
        return hash_remote(connection, kind, path.opened)
    try:
        status = Path(path.opened).stat()
        key = (path.opened, status.st_size, status.st_mtime_ns)
        if key not in hashed:
            hashed[key] = known.get(key) or _read(path, connection, status.st_mtime_ns, unfinished)
    except OSError as error:
        raise DataError(f"`{visible(path.shown)}` cannot be read: {error.strerror}", hint="check the file and its permissions") from error
    return replace(hashed[key], kind=kind, path=path.shown)


def _read(path: InputPath, connection: Connection, modified: int, unfinished: _Unfinished) -> InputFile:
    digest, lines, size, last = hashlib.sha256(), LineChecker(), 0, b"\n"
    checker = checker_for(path.compression, lines)
    with Path(path.opened).open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            (checker or lines).feed(chunk)
            last = (last + chunk)[-4:]
    is_whole = checker is None or checker.is_whole()
    is_new = time_ns() - modified < SETTLING
    ended = lines.last if checker else last if size else b""
    if unfinished is _Unfinished.WAITED_FOR and is_new and not (is_whole and _ends(path, ended)):
        raise StillWrittenError([path.shown])
    if not is_whole and unfinished is not _Unfinished.LEFT:
        raise DataError(
            f"`{visible(path.shown)}` is damaged or cut off: its compressed data does not end as it should",
            hint="fetch or write the file again; nothing was read from it",
        )
    if path.file_format in (Format.LINES, Format.CSV) and lines.longest > LOST_LINE:
        raise DataError(
            f"`{visible(path.shown)}` has a line of more than {LOST_LINE // 1_000_000} million bytes",
            hint="one row stands on one line; write an array of JSON objects as `.json`",
        )
    if lines.longest < USUAL_LINE and path.compression != "zstd":
        connection.usual_lines.add(path.opened)
    return InputFile("", path.shown, size, digest.hexdigest())
