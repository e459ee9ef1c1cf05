"""A file that grows while a run reads it is left for the next run, never taken by half."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Any

import duckdb
import pytest

from engage_cli.engine.store import opening
from engage_cli.errors import DataError
from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from tests.inputs.support import AS_OF

CONFIG = "project: shop\nsources:\n  events: {path: events/*.jsonl}\nengine: {memory_limit: 1GB}\n"


def _line(number: int) -> str:
    return json.dumps({"message_id": f"m{number}", "user_id": f"u{number}", "event": "Bought", "timestamp": "2026-11-20T10:00:00Z"}) + "\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "campaigns" / "audiences").mkdir(parents=True)
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (tmp_path / "campaigns" / "audiences" / "buyers.yaml").write_text("audience: buyers\nmembers: {event: Bought}\n")
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "a.jsonl").write_text(_line(1))
    return tmp_path


def _build(shop: Path, hours: int) -> BuildResult:
    return build_audiences(shop, [], as_of=AS_OF.replace(hour=AS_OF.hour + hours), progress=SILENT)


def _growing(monkeypatch: pytest.MonkeyPatch, path: Path, times: int) -> None:
    """While it is read, the file grows, so many times."""
    plain: Callable[..., Any] = opening.ingest
    left = [times]

    def ingest(*arguments: Any) -> Any:
        made = plain(*arguments)
        if left[0]:
            left[0] -= 1
            with path.open("a") as file:
                file.write(_line(100 + left[0]))
        return made

    monkeypatch.setattr(opening, "ingest", ingest)


def test_a_new_file_that_grows_is_left_for_the_next_run(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _build(shop, 0).audiences[0].size == 1
    growing = shop / "events" / "b.jsonl"
    growing.write_text(_line(2))
    _growing(monkeypatch, growing, 1)
    result = _build(shop, 1)
    assert (result.audiences[0].size, result.data.left) == (1, ("events/b.jsonl",))
    result = _build(shop, 2)
    assert (result.audiences[0].size, result.data.left) == (3, ())


def test_a_known_file_that_grows_keeps_its_rows_until_the_next_run(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = shop / "events" / "a.jsonl"
    assert _build(shop, 0).audiences[0].size == 1
    known.write_text(_line(1) + _line(2))
    _growing(monkeypatch, known, 1)
    result = _build(shop, 1)
    assert (result.audiences[0].size, result.data.left) == (1, ("events/a.jsonl",))
    assert _build(shop, 2).audiences[0].size == 3


GOOD = "message_id,user_id,event,timestamp\nm1,u1,Bought,2026-11-20T10:00:00Z\n"
HALF = GOOD + "m2,u2,Bought,2026-11-20T10:00:00"
"""All columns of the second row are there, one of them in part."""


def _files(kind: str, folder: Path) -> tuple[Path, bytes, bytes]:
    """A file of events that is being written: its path, what is there of it, and the whole."""
    if kind == "csv":
        return folder / "b.csv", HALF.encode(), (HALF + "Z\n").encode()
    if kind == "csv.gz":
        whole = gzip.compress((HALF + "Z\n").encode())
        return folder / "b.csv.gz", whole[:-9], whole
    if kind == "csv.gz of half a line":
        return folder / "b.csv.gz", gzip.compress(HALF.encode()), gzip.compress((HALF + "Z\n").encode())
    path = folder / "b.parquet"
    duckdb.sql(
        "SELECT 'm' || range AS message_id, 'u' || range AS user_id, 'Bought' AS event, TIMESTAMP '2026-11-20' AS timestamp FROM range(1, 3)"
    ).write_parquet(str(path))
    whole = path.read_bytes()
    return path, whole[:-4], whole


def test_a_run_with_no_whole_file_of_events_changes_nothing(shop: Path) -> None:
    assert _build(shop, 0).audiences[0].size == 1
    (shop / "engage.yaml").write_text(CONFIG.replace("*.jsonl", "*.parquet"))
    path, half, whole = _files("parquet", shop / "events")
    path.write_bytes(half)
    with pytest.raises(DataError, match=r"`events/b\.parquet` is still being written, and there is no other file of events"):
        _build(shop, 1)
    path.write_bytes(whole)
    assert _build(shop, 2).audiences[0].size == 2


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "csv.gz of half a line", "parquet"])
@pytest.mark.parametrize("store", [True, False])
def test_a_file_that_ends_in_the_middle_is_left_while_it_is_new(shop: Path, kind: str, store: bool) -> None:
    (shop / "engage.yaml").write_text(CONFIG.replace("*.jsonl", "*") + ("" if store else "store: none\n"))
    (shop / "events" / "a.jsonl").write_text(_line(7))
    path, half, whole = _files(kind, shop / "events")
    path.write_bytes(half)
    result = _build(shop, 0)
    assert (result.audiences[0].size, result.data.left) == (1, (f"events/{path.name}",))
    path.write_bytes(whole)
    result = _build(shop, 1)
    assert (result.audiences[0].size, result.data.left) == (3, ())


def test_a_csv_without_a_last_line_end_is_whole_after_a_while(shop: Path) -> None:
    (shop / "engage.yaml").write_text(CONFIG.replace("*.jsonl", "*"))
    path = shop / "events" / "b.csv"
    path.write_text(HALF + "Z")
    os.utime(path, ns=(0, time_ns() - 11_000_000_000))
    result = _build(shop, 0)
    assert (result.audiences[0].size, result.data.left) == (2, ())


def test_a_csv_without_anything_is_left_while_it_is_new_and_an_error_after_a_while(shop: Path) -> None:
    (shop / "engage.yaml").write_text(CONFIG.replace("*.jsonl", "*"))
    path = shop / "events" / "b.csv"
    path.write_text("")
    assert _build(shop, 0).data.left == ("events/b.csv",)
    os.utime(path, ns=(0, time_ns() - 11_000_000_000))
    with pytest.raises(DataError, match=r"`events/b\.csv` is empty"):
        _build(shop, 1)


def test_a_damaged_file_is_an_error_after_a_while(shop: Path) -> None:
    (shop / "engage.yaml").write_text(CONFIG.replace("*.jsonl", "*"))
    path = shop / "events" / "b.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:-9])
    os.utime(path, ns=(0, time_ns() - 11_000_000_000))
    with pytest.raises(DataError, match="damaged or cut off"):
        _build(shop, 0)


def test_nothing_is_left_behind_of_an_attempt(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _build(shop, 0)
    growing = shop / "events" / "b.jsonl"
    growing.write_text(_line(2))
    _growing(monkeypatch, growing, 1)
    _build(shop, 1)
    names = {path.name for path in (shop / ".engage" / "events").iterdir()}
    assert names == {"manifest.json", "events-000001.duckdb"}
