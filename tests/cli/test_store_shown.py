"""What the commands about the event store show of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engage_cli.cli.render.blocks import Block
from engage_cli.cli.render.plain import plain_lines
from engage_cli.cli.render.store import SHOWN_FILES, compact_blocks, rebuild_blocks, shown_size, status_blocks, store_document
from engage_cli.engine.base import Reject, StoreFile, StoreReport
from engage_cli.records import replace
from engage_cli.service.store import EventStore
from tests.cli.streams import on_terminal

HERE, STORE = Path(), Path(".engage/events")
MANY = EventStore(
    STORE,
    StoreReport(
        exists=True,
        files=tuple(StoreFile(f"data/{number:02}.csv", 1_234_567, 1000, 2, 1, 30 - number) for number in range(30)),
        events=29_900,
        segments=3,
        bytes=45_600_000,
        first=datetime(2026, 1, 1, tzinfo=UTC),
        last=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        columns=("revenue:number", "sku:text"),
        rejects=(Reject("data/01.csv", "no user", 2, 7, ",Order"), Reject("data/02.csv", "broken", 1, None, None)),
        new=tuple(f"data/new{number:02}.csv" for number in range(9)),
        gone=("data/a.csv", "data/b.csv"),
        read=tuple(f"data/new{number:02}.csv" for number in range(9)),
        note="the definitions ask for more properties than the store holds",
    ),
)


def text(blocks: Any) -> list[str]:
    """Blocks as the lines of a pipe."""
    return list(plain_lines(blocks))


def listed(lines: list[str]) -> list[str]:
    """The files of the table of files."""
    return [line.split()[0] for line in lines if line.startswith("data/") and "MB" in line]


def test_of_many_files_the_last_are_shown() -> None:
    quiet = EventStore(STORE, replace(MANY.report, note=None))
    lines = text(status_blocks(quiet, HERE))
    assert listed(lines) == [f"data/{number:02}.csv" for number in reversed(range(SHOWN_FILES))]
    assert "the 20 of 30 files that came in last; --verbose shows them all" in lines
    whole = text(status_blocks(quiet, HERE, whole=True))
    assert len(listed(whole)) == 30
    assert not any("--verbose" in line for line in whole)


def test_of_many_changes_the_first_are_named() -> None:
    quiet = EventStore(STORE, replace(MANY.report, note=None))
    lines = text(status_blocks(quiet, HERE))
    assert lines[lines.index("the next run reads 9 new files") + 5] == "new 5 more (--verbose names them all)"
    assert "2 files are gone: `on_missing_file` of the source says what the next run does about it" in lines
    assert "new data/new08.csv" in text(status_blocks(quiet, HERE, whole=True))


def test_rebuild_and_compact_show_what_was_read() -> None:
    assert text(rebuild_blocks(MANY, HERE))[:2] == ["made the event store anew in .engage/events: read 9 files", "read data/new00.csv"]
    lines = text(compact_blocks(MANY, HERE))
    assert lines[:2] == [
        "compacted the event store in .engage/events: read 9 files",
        "it was made anew: the definitions ask for more properties than the store holds",
    ]
    assert lines[8:11] == [
        "30 files, 29900 events from 2026-01-01T00:00:00Z to 2026-11-22T09:30:00Z",
        "60 rows rejected, 30 duplicates left out",
        "3 segments, 45.6 MB, 2 typed columns",
    ]
    assert listed(lines) == []
    assert len(listed(text(compact_blocks(MANY, HERE, whole=True)))) == 30


def test_an_empty_store() -> None:
    lines = text(status_blocks(EventStore(STORE, StoreReport(exists=True)), HERE))
    assert lines[1:4] == ["0 files, 0 events", "0 rows rejected, 0 duplicates left out", "0 segments, 0 B, 0 typed columns"]
    assert store_document(EventStore(STORE, StoreReport(exists=False)))["first"] is None


HOSTILE = "\x1b[31mred\x1b]0;title\x07\u202e"


def test_hostile_text_steers_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    report = replace(
        MANY.report,
        note=None,
        files=(StoreFile(HOSTILE, 1, 1, 1, 1, 1),),
        rejects=(Reject(HOSTILE, HOSTILE, 1, 1, HOSTILE),),
        columns=(HOSTILE,),
        new=(HOSTILE,),
        changed=(HOSTILE,),
        gone=(HOSTILE,),
    )
    blocks: list[Block] = list(status_blocks(EventStore(STORE, report), HERE, whole=True))
    assert all(line.isprintable() for line in text(blocks))
    assert "ESC[31m" not in on_terminal(monkeypatch, blocks, width=300)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (34931, "34.9 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (3 * 10**12, "3.0 TB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert shown_size(size) == shown
