"""Finding files, knowing their format, and seeing that they are whole."""

import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.engine.inputs.compression import GzipChecker, ZstdChecker
from engage_cli.errors import DataError
from engage_cli.plan.needs import ListNeed
from tests.inputs.support import ZONE, event, event_rows, project, staged, write_lines


def zstd(path: Path, rows: int) -> bytes:
    """A zstd file of many blocks, as DuckDB writes it."""
    duckdb.sql(f"COPY (SELECT md5(CAST(i AS VARCHAR)) AS x FROM range({rows}) AS r(i)) TO '{path}' (FORMAT csv, COMPRESSION zstd)")
    return path.read_bytes()


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_whole_zstd_is_whole_and_every_cut_is_seen(step: int, tmp_path: Path) -> None:
    whole = zstd(tmp_path / "x.zst", 30_000)
    for cut in (len(whole), len(whole) - 1, len(whole) - 4, len(whole) // 2, 100, 5, 0):
        checker = ZstdChecker()
        for at in range(0, cut, step):
            checker.feed(whole[at : min(at + step, cut)])
        assert checker.is_whole() is (cut == len(whole)), cut


def test_zstd_of_several_frames_and_skippable_ones(tmp_path: Path) -> None:
    frame = zstd(tmp_path / "x.zst", 10)
    skippable = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"notes"
    for text, whole in ((frame + skippable + frame, True), (frame + b"rubbish!", False), (frame + skippable[:-1], False)):
        checker = ZstdChecker()
        checker.feed(text)
        assert checker.is_whole() is whole


@pytest.mark.parametrize("step", [1, 100, 1 << 20])
def test_whole_gzip_is_whole_and_every_cut_is_seen(step: int) -> None:
    whole = gzip.compress(b"line\n" * 1000) + gzip.compress(b"more\n" * 1000)
    first = len(gzip.compress(b"line\n" * 1000))
    for cut in (len(whole), first, len(whole) - 1, first + 3, first - 2, 12, 0):
        checker = GzipChecker()
        for at in range(0, cut, step):
            checker.feed(whole[at : min(at + step, cut)])
        assert checker.is_whole() is (cut in (first, len(whole))), cut


def test_gzip_that_is_damaged_or_padded() -> None:
    whole = bytearray(gzip.compress(b"line\n" * 10_000))
    for text, expected in ((bytes(whole) + b"\0" * 512, True), (b"no gzip at all", False)):
        checker = GzipChecker()
        checker.feed(text)
        assert checker.is_whole() is expected
    whole[-6] ^= 1
    checker = GzipChecker()
    checker.feed(bytes(whole))
    assert not checker.is_whole()


def test_every_member_of_a_gzip_file_is_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_lines(tmp_path / f"{name}.part", [event(name)])
    (tmp_path / "e.jsonl.gz").write_bytes(b"".join(gzip.compress((tmp_path / f"{name}.part").read_bytes()) for name in ("a", "b")))
    with staged(tmp_path, "  events: {path: e.jsonl.gz}\n") as (engine, _):
        assert [row[3] for row in event_rows(engine)] == ["a", "b"]


def test_a_cut_zstd_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    whole = zstd(tmp_path / "whole", 30_000)
    (tmp_path / "e.csv.zst").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"e\.csv\.zst.*damaged"), staged(tmp_path, "  events: {path: e.csv.zst}\n"):
        pass


def test_files_are_hashed_and_listed_in_order(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "a/1.jsonl", "b/1.jsonl"):
        write_lines(tmp_path / name, [event(name)])
    (tmp_path / "vip.csv").write_text("user_id\nana\n")
    read = project(tmp_path, '  events: [{path: "b/*.jsonl"}, {path: "a/*.jsonl"}]\n  memberships: {path: vip.csv}\n')
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        files = engine.input_files(read.config.sources, [ListNeed("vip.csv", "user_id")])
    assert [(file.kind, file.path) for file in files] == [
        ("events", "a/1.jsonl"),
        ("events", "b/1.jsonl"),
        ("events", "b/2.jsonl"),
        ("list", "vip.csv"),
        ("memberships", "vip.csv"),
    ]
    for file in files:
        content = (tmp_path / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_globs_reach_into_folders_and_names_are_no_globs(tmp_path: Path) -> None:
    folder = tmp_path / "odd [x] folder"
    for name in ("2026/01/a[1].jsonl", "2026/02/b*.jsonl", "2026/02/bc?.jsonl"):
        write_lines(folder / name, [event(name)])
    with staged(folder, '  events: {path: "2026/**/*.jsonl"}\n') as (engine, staging):
        assert [row[3] for row in event_rows(engine)] == ["2026/01/a[1].jsonl", "2026/02/b*.jsonl", "2026/02/bc?.jsonl"]
        assert len(staging.files) == 3
    with staged(folder, '  events: {path: "2026/02/b*.jsonl"}\n') as (engine, _):
        assert [row[3] for row in event_rows(engine)] == ["2026/02/b*.jsonl"], "a file of that very name goes before a glob"


def test_a_path_outside_the_project(tmp_path: Path) -> None:
    write_lines(tmp_path / "data" / "e.jsonl", [event("m1")])
    for path in ("../data/*.jsonl", f"{tmp_path}/data/e.jsonl"):
        with staged(tmp_path / "project", f'  events: {{path: "{path}"}}\n') as (engine, staging):
            assert [row[3] for row in event_rows(engine)] == ["m1"]
            assert staging.files[0].path.endswith("data/e.jsonl")


@pytest.mark.parametrize("name", ["e.txt", "e", "e.gz", "e.parquet.gz", "e.jsonl.bz2", "e.xlsx", ".jsonl"])
def test_a_format_that_is_not_known_is_an_error_that_lists_those_that_are(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=r"engage\.yaml:4") as raised, staged(tmp_path, f'  events: {{path: "{name}"}}\n'):
        pass
    assert name in raised.value.message and ".ndjson" in (raised.value.hint or "")


def test_extensions_in_capitals_are_known(tmp_path: Path) -> None:
    (tmp_path / "E.CSV").write_text("user_id,event,timestamp\nana,A,2026-11-01\n")
    with staged(tmp_path, "  events: {path: E.CSV}\n") as (_, staging):
        assert staging.events_staged == 1


@pytest.mark.parametrize(
    ("path", "hint"),
    [("sample_data/event.parquet", "events.parquet"), ("nofolder/e.jsonl", "no folder `nofolder`"), ("sample_data/*.csv", "relative")],
)
def test_what_finds_nothing_says_what_may_be_meant(path: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "sample_data").mkdir()
    (tmp_path / "sample_data" / "events.parquet").write_text("")
    with (
        pytest.raises(DataError, match=r"engage\.yaml:4:\d+: no file matches") as raised,
        staged(tmp_path, f'  events: {{path: "{path}"}}\n'),
    ):
        pass
    assert hint in (raised.value.hint or "")


@pytest.mark.parametrize("path", ["s3://bucket/events/*.parquet", "https://acme.example/e.parquet"])
def test_an_address_without_httpfs_says_how_to_get_it(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    read = project(tmp_path, f'  events: {{path: "{path}"}}\n')
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        engine.execute("SET custom_extension_repository = 'http://127.0.0.1:9'")
        engine.execute(f"SET extension_directory = '{tmp_path}/extensions'")
        with pytest.raises(DataError, match="httpfs") as raised:
            engine.input_files(read.config.sources, [])
    assert "INSTALL httpfs" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.parquet", b""),
        ("e.parquet", b"PAR1 not really PAR1"),
        ("e.json", b'[{"user_id": "u1", "event": "A", "timestamp": 1}, {"user'),
        ("e.csv", "user_id,event\nana,A\n".encode("utf-16")),
        ("e.csv", b'"user_id,event\nana,A\n'),
        ("e.csv", b"user_id,event,event\nana,A,B\n"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name.replace(".", r"\.")) as raised, staged(tmp_path, f"  events: {{path: {name}}}\n"):
        pass
    assert raised.value.hint


def test_of_many_files_the_broken_one_is_named(tmp_path: Path) -> None:
    for number in range(5):
        write_lines(tmp_path / f"{number}.json", [])
        (tmp_path / f"{number}.json").write_text('[{"user_id": "u", "event": "A", "timestamp": "2026-11-01"}]')
    (tmp_path / "3.json").write_text('[{"user_id": "u", "event": ')
    with pytest.raises(DataError, match=r"`3\.json`"), staged(tmp_path, '  events: {path: "*.json"}\n'):
        pass


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_csv_without_a_header_is_an_error_that_names_it(text: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    (tmp_path / "p.csv").write_text(text)
    for sources in ("  profiles: {path: p.csv, columns: {user_id: dev}}\n", "  events: [{path: e.jsonl}, {path: p.csv}]\n"):
        with pytest.raises(DataError, match=r"`p\.csv` is empty: the first line of a CSV names its columns") as raised:
            with staged(tmp_path, sources):
                pass
        assert "header" in (raised.value.hint or "")


CUT = b"dev,plan,city\na,pro,London\nb,fr"


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz"])
@pytest.mark.parametrize("end", ["", ',"Lon', "\n", ",Paris"])
def test_a_snapshot_that_is_cut_off_within_its_last_row_is_an_error(name: str, end: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    text = CUT + end.encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (tmp_path / "other.csv").write_text("dev,plan,city\nx,free\ny,free,Rome")
    sources = "  events: {path: e.jsonl}\n  profiles: {path: '*.csv*', columns: {user_id: dev}}\n"
    if end in ("\n", ",Paris"):
        with staged(tmp_path, sources) as (_, staging):
            rejects = [(reject.path, reject.reason, reject.rows) for reject in staging.rejects]
            assert rejects == [("other.csv", "too few columns", 1), *([(name, "too few columns", 1)] if end == "\n" else [])]
    else:
        with pytest.raises(DataError, match=rf"`{name}` is cut off within its last line \(row 3\)"), staged(tmp_path, sources):
            pass


@pytest.mark.parametrize("name", ["e.jsonl", "e.json"])
def test_an_empty_file_has_no_rows(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    with staged(tmp_path, f"  events: {{path: {name}}}\n") as (engine, staging):
        assert (staging.events_read, staging.events_staged, staging.rejects) == (0, 0, ())
        assert event_rows(engine) == []


@contextmanager
def as_nobody() -> Iterator[None]:
    """What root does here it does as somebody who may not read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_without_permission_is_an_error_that_names_it() -> None:
    with TemporaryDirectory() as made:  # pytest's own folders only their owner may pass
        folder = Path(made)
        folder.chmod(0o755)
        write_lines(folder / "e.jsonl", [event("m1")]).chmod(0)
        with as_nobody(), pytest.raises(DataError, match=r"e\.jsonl.*Permission"), staged(folder, "  events: {path: e.jsonl}\n"):
            pass
