"""What the `store` commands say: what the event store holds, what was read for it, and what changed since."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from engage_cli.cli.render.blocks import EMPTY, Block, Column, Line, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.data import REJECT_COLUMNS, reject_row, shown_path
from engage_cli.cli.render.documents import Json, fields_of, instant
from engage_cli.engine.base import Reject, StoreFile, StoreReport
from engage_cli.service.store import EventStore

SHOWN_FILES = 20
_SHOWN_PATHS = 8
_FILE_COLUMNS = (
    Column("file", wide=True),
    Column("rows", right=True),
    Column("rejected", right=True),
    Column("duplicates", right=True),
    Column("size", right=True),
    Column("ingest", right=True, spare=True),
)
_REJECT_COLUMNS = (Column("rejected", right=True), *REJECT_COLUMNS[1:])


def store_document(store: EventStore) -> Json:
    """`store status`, `rebuild` and `compact`."""
    return {"path": str(store.path), **fields_of(store.report)}


def status_blocks(store: EventStore, folder: Path, *, whole: bool = False) -> Iterator[Block]:
    """What the store holds and what changed since; or that there is none yet. `whole`: every file, path and column by name."""
    report, path = store.report, strong(shown_path(folder, store.path))
    if not report.exists:
        yield line("there is no event store yet in ", path)
        yield line(f"the next run makes it and reads {counted(len(report.new), 'file')}")
        return
    yield line("the event store is in ", path)
    if report.note is not None:
        yield line(Piece("warning", Style.WARNING), ": ", report.note)
        yield line(f"that run reads {counted(len(report.new), 'file')}")
        return
    yield from _facts(report, whole)
    yield from _files(report.files, whole)
    yield from _rejects(report.rejects)
    yield EMPTY
    yield from _since(report, whole)


def rebuild_blocks(store: EventStore, folder: Path, *, whole: bool = False) -> Iterator[Block]:
    """What was read to make the store anew, and what it holds then."""
    yield line("made the event store anew in ", strong(shown_path(folder, store.path)), ": ", _read(store.report))
    yield from _tended(store.report, whole)


def compact_blocks(store: EventStore, folder: Path, *, whole: bool = False) -> Iterator[Block]:
    """What was read before the store was compacted, and what it holds then."""
    yield line("compacted the event store in ", strong(shown_path(folder, store.path)), ": ", _read(store.report))
    if store.report.note is not None:
        yield line(f"it was made anew: {store.report.note}")
    yield from _tended(store.report, whole)


def shown_size(size: int) -> str:
    """A number of bytes with the largest unit that it fills: `934 B`, `61.2 kB`. A kB is 1000 bytes."""
    if size < 1000:
        return f"{size} B"
    amount = float(size)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"


# ---- what it holds ---------------------------------------------------------------------------------------------------


def _read(report: StoreReport) -> str:
    return f"read {counted(len(report.read), 'file')}" if report.read else "read no file, for none is new or changed"


def _tended(report: StoreReport, whole: bool) -> Iterator[Block]:
    yield from _paths("read", report.read, whole)
    yield EMPTY
    yield from _facts(report, whole)
    if whole:
        yield from _files(report.files, whole)
    yield from _rejects(report.rejects)


def _facts(report: StoreReport, whole: bool) -> Iterator[Block]:
    span = "" if report.first is None or report.last is None else f" from {instant(report.first)} to {instant(report.last)}"
    yield line(f"{counted(len(report.files), 'file')}, ", strong(counted(report.events, "event")), span)
    rejected = sum(file.rejected for file in report.files)
    duplicates = sum(file.duplicates for file in report.files)
    yield line(f"{counted(rejected, 'row')} rejected, {counted(duplicates, 'duplicate')} left out")
    yield line(f"{counted(report.segments, 'segment')}, {shown_size(report.bytes)}, {counted(len(report.columns), 'typed column')}")
    if whole:
        yield from (line(dim("column "), column) for column in report.columns)


def _files(files: Sequence[StoreFile], whole: bool) -> Iterator[Block]:
    """The files in the order in which they came in; only the last of many."""
    if not files:
        return
    ordered = sorted(files, key=lambda file: (file.ingest, file.path))
    shown = ordered if whole else ordered[-SHOWN_FILES:]
    yield EMPTY
    yield table(_FILE_COLUMNS, (_file_row(file) for file in shown))
    if len(shown) < len(ordered):
        yield line(dim(f"the {len(shown)} of {len(ordered)} files that came in last; --verbose shows them all"))


def _file_row(file: StoreFile) -> tuple[Piece | str | int, ...]:
    return (name(file.path), file.rows, file.rejected, file.duplicates, shown_size(file.bytes), file.ingest)


def _rejects(rejects: Sequence[Reject]) -> Iterator[Block]:
    if not rejects:
        return
    yield EMPTY
    yield table(_REJECT_COLUMNS, (reject_row(reject) for reject in rejects))
    yield line(dim("`engage audience build` writes all of them to a rejects file"))


# ---- what changed since ----------------------------------------------------------------------------------------------


def _since(report: StoreReport, whole: bool) -> Iterator[Block]:
    """What the next run has to read, and what it misses."""
    yield _to_read(report)
    yield from _paths("new", report.new, whole)
    yield from _paths("changed", report.changed, whole)
    if report.gone:
        are = "file is gone" if len(report.gone) == 1 else "files are gone"
        yield line(Piece(len(report.gone)), f" {are}: `on_missing_file` of the source says what the next run does about it")
        yield from _paths("gone", report.gone, whole)


def _to_read(report: StoreReport) -> Line:
    if report.ahead is not None:
        files = len(report.files) - len(report.gone) + len(report.new)
        return line("the next run makes the store anew, from ", strong(counted(files, "file")), f": {report.ahead}")
    kinds = ((report.new, "new file"), (report.changed, "changed file"))
    told = [counted(len(paths), noun) for paths, noun in kinds if paths]
    return line("the next run reads ", strong(" and ".join(told))) if told else line("no file is new or changed since")


def _paths(label: str, paths: Sequence[str], whole: bool) -> Iterator[Block]:
    """A line a path, of many only the first ones."""
    shown = paths if whole or len(paths) <= _SHOWN_PATHS else paths[: _SHOWN_PATHS // 2]
    yield from (line(dim(f"{label} "), path) for path in shown)
    if len(shown) < len(paths):
        yield line(dim(f"{label} {len(paths) - len(shown)} more (--verbose names them all)"))
