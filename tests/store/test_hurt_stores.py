"""A store that is hurt: the answer is that of the files all the same, or an error that says what to do; never another answer."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.engine.store.folder import SETTLING
from engage_cli.errors import EngageError
from tests.inputs.support import event, write_lines
from tests.store.support import Seen, Shop

Hurt = Callable[[Path], None]
LARGE = 1500
"""Events of the large file, so that a segment has many blocks, and a small file after it makes a segment of its own."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two segments: one of many events, one of a few."""
    folder = tmp_path_factory.mktemp("whole")
    write_lines(folder / "events/a.jsonl", [event(f"a{at}", f"user{at % 100}", n=at, tags=[f"tag {at}"]) for at in range(LARGE)])
    Shop(folder).run()
    write_lines(folder / "events/b.jsonl", [event("b1", "bo", "Bought", n=2), event("b2", "user1", "Left"), {"user_id": "no event"}])
    Shop(folder).run()
    return folder


@pytest.fixture(scope="module")
def expected(whole: Path) -> Seen:
    """What its files say."""
    return Shop(whole).bare()


@pytest.fixture
def shop(whole: Path, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    shutil.copytree(whole, folder)
    shop = Shop(folder)
    assert [segment.rows for segment in shop.manifest.segments] == [LARGE, 2]
    return shop


def rewritten(change: Callable[[dict[str, Any]], None], *, sealed: bool) -> Hurt:
    """The manifest with a change; `sealed`: its checksum is that of the change."""

    def hurt(store: Path) -> None:
        path = store / "manifest.json"
        document = json.loads(path.read_text())
        change(document)
        if sealed:
            body = {name: value for name, value in document.items() if name not in ("format", "checksum")}
            document["checksum"] = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        path.write_text(json.dumps(document))

    return hurt


def manifest_as(content: bytes) -> Hurt:
    """Something else in the manifest's place."""
    return lambda store: (store / "manifest.json").write_bytes(content) and None


def truncated(name: str, share: float) -> Hurt:
    """A file cut off."""
    return lambda store: os.truncate(store / name, int((store / name).stat().st_size * share))


def overwritten(name: str, start: int, end: int | None = None) -> Hurt:
    """A file whose bytes in [start, end) are others, its size the same."""

    def hurt(store: Path) -> None:
        content = bytearray((store / name).read_bytes())
        stop = len(content) if end is None else end
        content[start:stop] = bytes(byte ^ 0x5A for byte in content[start:stop])
        (store / name).write_bytes(content)

    return hurt


def replaced_by_a_database(statement: str) -> Hurt:
    """A segment that is some other database, of another size."""

    def hurt(store: Path) -> None:
        path = store / "events-000001.duckdb"
        before = path.stat().st_size
        path.unlink()
        with duckdb.connect(str(path)) as connection:
            connection.execute(statement)
        assert path.stat().st_size != before

    return hurt


def in_its_place(name: str) -> Hurt:
    """A folder where a file was."""

    def hurt(store: Path) -> None:
        (store / name).unlink()
        (store / name).mkdir()

    return hurt


def dropped_segment(document: dict[str, Any]) -> None:
    document["segments"] = document["segments"][:1]


def other_format(document: dict[str, Any]) -> None:
    document["format"] += 1


def no_format(document: dict[str, Any]) -> None:
    del document["format"]


def other_reading(document: dict[str, Any]) -> None:
    document["reading"] = "another version"


def unknown_field(document: dict[str, Any]) -> None:
    document["colour"] = "red"


def lost_field(document: dict[str, Any]) -> None:
    del document["segments"]


def missing_segment(document: dict[str, Any]) -> None:
    document["segments"][1]["name"] = "events-000007.duckdb"


HURTS: dict[str, tuple[Hurt, str | None]] = {
    "manifest cut off": (truncated("manifest.json", 0.5), "broken"),
    "manifest empty": (truncated("manifest.json", 0), "broken"),
    "manifest not JSON": (manifest_as(b"<html>"), "broken"),
    "manifest not text": (manifest_as(b"\xff\xfe\x00"), "broken"),
    "manifest another document": (manifest_as(b"[1, 2]"), "broken"),
    "manifest deeply nested": (manifest_as(b"[" * 100_000), "broken"),
    "manifest changed, checksum old": (rewritten(dropped_segment, sealed=False), "broken"),
    "manifest of another format": (rewritten(other_format, sealed=True), "of another version"),
    "manifest without a format": (rewritten(no_format, sealed=True), "of another version"),
    "manifest of another reading": (rewritten(other_reading, sealed=True), "another version"),
    "manifest with a field more": (rewritten(unknown_field, sealed=True), "broken"),
    "manifest with a field less": (rewritten(lost_field, sealed=True), "broken"),
    "manifest names a segment that is missing": (rewritten(missing_segment, sealed=True), "cannot be opened"),
    "manifest gone": (lambda store: (store / "manifest.json").unlink(), None),
    "segment gone": (lambda store: (store / "events-000002.duckdb").unlink(), "cannot be opened"),
    "segment a folder": (in_its_place("events-000002.duckdb"), "not as it was written"),
    "segment cut off": (truncated("events-000001.duckdb", 0.5), "not as it was written"),
    "segment empty": (truncated("events-000001.duckdb", 0), "not as it was written"),
    "segment garbage from its start": (overwritten("events-000001.duckdb", 0), "cannot be opened"),
    "segment an empty database": (replaced_by_a_database("SELECT 1"), "not as it was written"),
    "segment another database": (replaced_by_a_database("CREATE TABLE events AS SELECT 1 AS one"), "not as it was written"),
    "folder gone": (shutil.rmtree, None),
    "folder emptied": (lambda store: shutil.rmtree(store) or store.mkdir(), None),
}


@pytest.mark.parametrize("hurt", HURTS)
def test_a_hurt_store_is_made_anew_and_no_answer_changes(hurt: str, shop: Shop, expected: Seen) -> None:
    harm, why = HURTS[hurt]
    harm(shop.store)
    left = names_in(shop.store)
    with shop.staged() as (engine, staging):
        assert shop.seen(engine, staging) == expected, "a reader"
        assert staging.ingested == ("events/a.jsonl", "events/b.jsonl")
    assert names_in(shop.store) == left, "a reader changes nothing"
    with shop.staged(writes=True) as (engine, staging):
        assert shop.seen(engine, staging) == expected, "a run"
        assert staging.ingested == ("events/a.jsonl", "events/b.jsonl")
        assert (why or "") in (staging.store_note or ""), staging.store_note
        assert (staging.store_note is None) == (why is None)
    assert_mended(shop, expected)


def names_in(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir()) if store.exists() else []


def assert_mended(shop: Shop, expected: Seen) -> None:
    """The store is whole again: nothing is read again, and it holds what its manifest names."""
    with shop.staged() as (engine, staging):
        assert shop.seen(engine, staging) == expected
        assert staging.ingested == ()
    kept = [name for name in names_in(shop.store) if not (shop.store / name).is_dir()]
    assert kept == sorted(["manifest.json", *(segment.name for segment in shop.manifest.segments)])


BLOCK = 262_144
HEADER = 4096


@pytest.mark.parametrize(
    "start, length", [(at * HEADER, HEADER) for at in range(3)] + [(3 * HEADER + at * BLOCK, BLOCK) for at in range(3)]
)
def test_a_piece_of_a_segment_that_is_garbage_never_gives_another_answer(start: int, length: int, shop: Shop, expected: Seen) -> None:
    """Only the headers are read when a segment is opened: a block is found out when it is needed."""
    size = shop.manifest.segments[0].bytes
    assert start < size
    overwritten("events-000001.duckdb", start, min(start + length, size))(shop.store)
    for answer in (shop.look, shop.run):
        with suppress(EngageError):
            assert answer() == expected
    shutil.rmtree(shop.store, ignore_errors=True)
    assert shop.run() == expected


def test_a_store_that_cannot_be_written_is_a_clear_error_for_a_run_and_nothing_to_a_reader(shop: Shop, expected: Seen) -> None:
    shutil.rmtree(shop.store)
    shop.store.write_text("somebody's file")
    assert shop.look() == expected
    with pytest.raises(EngageError) as caught:
        shop.run()
    assert str(shop.store) in caught.value.message
    assert shop.look() == expected
    assert shop.store.read_text() == "somebody's file"


# ---- what a killed run leaves ------------------------------------------------------------------------------------------


def leave_behind(store: Path) -> None:
    """What a run can leave that was killed while it made a segment, before it was named, while it published."""
    (store / "events-000009.duckdb.part").write_bytes(b"half a database")
    (store / "events-000009.duckdb.part.wal").write_bytes(b"half a log")
    shutil.copy(store / "events-000001.duckdb", store / "events-000003.duckdb")
    (store / "manifest.json.part").write_text('{"format": 1, "chec')


def test_leftovers_mean_nothing_to_a_reader_and_the_next_run_that_takes_something_in_removes_them(shop: Shop, expected: Seen) -> None:
    leave_behind(shop.store)
    left = names_in(shop.store)
    assert shop.look() == expected
    assert names_in(shop.store) == left
    write_lines(shop.folder / "events/c.jsonl", [event("c1", "cy")])
    after = shop.bare()
    assert shop.run() == after
    assert_mended(shop, after)


def test_files_of_others_in_the_store_are_left_alone(shop: Shop) -> None:
    (shop.store / "notes.txt").write_text("mine")
    (shop.store / "kept").mkdir()
    write_lines(shop.folder / "events/c.jsonl", [event("c1", "cy")])
    shop.run()
    assert (shop.store / "notes.txt").read_text() == "mine"
    assert (shop.store / "kept").is_dir()


@pytest.mark.parametrize("left", ["garbage", "half a database of DuckDB with its log"])
def test_a_leftover_under_the_name_of_the_next_segment_does_not_get_into_it(left: str, shop: Shop) -> None:
    part = shop.store / "events-000003.duckdb.part"
    if left == "garbage":
        part.write_bytes(b"half a database")
        part.with_name(part.name + ".wal").write_bytes(b"half a log")
    else:
        with duckdb.connect(str(part)) as connection:
            connection.execute("CREATE TABLE events AS SELECT 1 AS one; CHECKPOINT; SET checkpoint_threshold = '1GB'")
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            connection.execute("INSERT INTO events VALUES (2)")
        assert part.with_name(part.name + ".wal").exists()
    write_lines(shop.folder / "events/c.jsonl", [event("c1", "cy", n=7)])
    expected = shop.bare()
    assert shop.run() == expected
    assert_mended(shop, expected)


@pytest.mark.parametrize("ask", [Shop.run, Shop.look])
def test_a_file_that_cannot_be_read_leaves_the_store_as_it_was(ask: Callable[[Shop], Seen], shop: Shop, expected: Seen) -> None:
    shop.sources = shop.sources.replace("*.jsonl", "*")
    damaged = shop.folder / "events/c.parquet"
    duckdb.sql(
        "COPY (SELECT 'c' || i AS message_id, 'u' || i AS user_id, 'Viewed' AS event, TIMESTAMP '2026-11-01' AS timestamp,"
        f" md5('' || i) AS properties FROM range(2000) t(i)) TO '{damaged}'"
    )
    size = damaged.stat().st_size
    overwritten("events/c.parquet", size // 4, size // 2)(shop.folder)
    before, manifest = names_in(shop.store), shop.manifest
    with pytest.raises(EngageError, match=r"c\.parquet"):
        ask(shop)
    assert (names_in(shop.store), shop.manifest) == (before, manifest)
    damaged.unlink()
    assert_mended(shop, expected)


# ---- hashes that the manifest remembers --------------------------------------------------------------------------------


def test_a_file_changed_right_after_a_run_to_the_same_size_is_seen(shop: Shop) -> None:
    path = shop.folder / "events/b.jsonl"
    path.write_text(path.read_text().replace('"bo"', '"di"'))
    shop.run()
    status = path.stat()
    path.write_text(path.read_text().replace('"di"', '"ed"'))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "ed" in shop.look().users
    assert shop.run() == shop.bare()


def test_a_file_that_was_settled_when_its_hash_was_written_down_is_not_hashed_again(shop: Shop) -> None:
    path = shop.folder / "events/b.jsonl"
    text = path.read_text()
    settled = path.stat().st_mtime_ns - 10 * SETTLING
    path.write_text(text.replace('"bo"', '"di"'))
    os.utime(path, ns=(settled, settled))
    shop.run()
    path.write_text(text.replace('"bo"', '"ed"'))
    os.utime(path, ns=(settled, settled))
    assert "di" in shop.look().users, "size and time are the same: it is taken for what it was"
    os.utime(path, ns=(settled, settled + 1))
    assert "ed" in shop.look().users


def test_a_segment_of_another_store_of_the_same_size_is_noticed(tmp_path: Path) -> None:
    shops = []
    for name in ("ana", "ben"):
        write_lines(tmp_path / name / "events/a.jsonl", [event("m1", name)])
        shops.append(Shop(tmp_path / name))
        shops[-1].run()
    one, other = shops
    assert one.manifest.segments[0].bytes == other.manifest.segments[0].bytes
    shutil.copy(other.store / "events-000001.duckdb", one.store / "events-000001.duckdb")
    assert one.look() == one.bare()
    assert one.run() == one.bare()
    assert one.look() == one.bare()
