"""How each source says that its files are read, and a store that has rows of them all."""

import gzip
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.records import replace
from tests.inputs.support import columns, event, project, write_lines
from tests.store.looking import assert_right_without_a_store_too, looks_right, run, values
from tests.store.support import SETTINGS, Shop


def source(path: str, columns: str = "", timezone: str = "") -> str:
    mapping = f", columns: {{{columns}}}" if columns else ""
    return f'    - {{path: "{path}", on_missing_file: drop{mapping}{f", timezone: {timezone}" if timezone else ""}}}\n'


def sources(*lines: str) -> str:
    return "  events:\n" + "".join(lines)


@pytest.fixture
def two(tmp_path: Path) -> Shop:
    """A shop with files of two shapes; the second has two columns that could be the user and the instants of some zone."""
    write_lines(tmp_path / "events/a.jsonl", [event("a1"), event("a2", "ben", "Bought")])
    write_lines(
        tmp_path / "other/b.jsonl",
        [
            {
                "key": f"b{at}",
                "who": f"who{at}",
                "payer": f"payer{at}",
                "event": "Viewed",
                "at": f"2026-11-0{at} 12:00:00",
                "properties": {},
            }
            for at in (1, 2)
        ],
    )
    return Shop(tmp_path, sources=sources(source("events/*.jsonl"), other()))


def other(who: str = "who", timezone: str = "UTC") -> str:
    return source("other/*.jsonl", f"id: key, user_id: {who}, timestamp: at", timezone)


def staged_events(shop: Shop) -> dict[str, tuple[str, datetime]]:
    with shop.staged() as (engine, staging):
        assert staging.ingested == ()
        rows = engine.rows("SELECT message_id, user_id, ts FROM events JOIN users USING (user_key)")
    return {identity: (user, at) for identity, user, at in rows}


def test_several_sources_each_with_its_mapping(two: Shop) -> None:
    assert run(two).ingested == ("events/a.jsonl", "other/b.jsonl")
    found = staged_events(two)
    assert (found["b1"], found["a2"][0]) == (("who1", datetime(2026, 11, 1, 12)), "ben")
    assert_right_without_a_store_too(two)


@pytest.mark.parametrize(
    "changed, b1",
    [
        (other(who="payer"), ("payer1", datetime(2026, 11, 1, 12))),
        (other(timezone="America/New_York"), ("who1", datetime(2026, 11, 1, 17))),
    ],
)
def test_a_source_that_is_to_be_read_otherwise_is_read_again_and_the_others_are_not(
    changed: str, b1: tuple[str, datetime], two: Shop
) -> None:
    run(two)
    two.sources = sources(source("events/*.jsonl"), changed)
    assert looks_right(two) == ("other/b.jsonl",)
    staging = run(two)
    assert (staging.ingested, staging.store_note) == (("other/b.jsonl",), None)
    assert staged_events(two)["b1"] == b1
    assert run(two).ingested == ()
    two.sources = sources(source("events/*.jsonl"), other())
    assert run(two).ingested == ("other/b.jsonl",)


def test_how_a_source_is_written_down_does_not_matter(two: Shop) -> None:
    run(two)
    two.sources = sources(source("other/*.jsonl", "timestamp: at, user_id: who, id: key", "UTC"), source("events/a.jsonl"))
    assert run(two).ingested == ()


def test_the_projects_zone_has_every_file_read_again(two: Shop) -> None:
    run(two)
    read = project(two.folder, two.sources).config.sources
    needs = replace(two.needs(), zone="Asia/Tokyo")
    with open_engine(two.folder, SETTINGS, "Asia/Tokyo", store=two.store) as engine:
        staging = engine.stage(read, needs, needs)
        assert staging.store_note == "the store was made by another version, in another time zone, or before somebody was forgotten"
        assert staging.ingested == ("events/a.jsonl", "other/b.jsonl")
    with open_engine(two.folder, SETTINGS, "Asia/Tokyo", store=two.store) as engine:
        assert engine.stage(read, needs, needs).store_note is None


def test_a_source_that_is_taken_out_and_put_back(two: Shop) -> None:
    run(two)
    both = two.sources
    two.sources = sources(source("events/*.jsonl"))
    assert run(two).ingested == ()
    assert set(staged_events(two)) == {"a1", "a2"}
    two.sources = both
    assert run(two).ingested == ("other/b.jsonl",)
    assert looks_right(two) == ()


@pytest.mark.parametrize("mapping", ["", "user_id: who"])
def test_a_file_of_two_sources_is_read_as_each_says(mapping: str, tmp_path: Path) -> None:
    def put_file(*users: str) -> None:
        write_lines(tmp_path / "events/a.jsonl", [{**event(None, user), "who": f"other {user}"} for user in users])

    put_file("ana", "ben")
    write_lines(tmp_path / "events/b.jsonl", [event("b1"), event(None, "ben")])
    shop = Shop(tmp_path, sources=sources(source("events/*.jsonl"), source("events/a.jsonl", mapping)))
    assert len(run(shop).ingested) == 2
    assert looks_right(shop) == ()
    assert_right_without_a_store_too(shop)
    put_file("ana", "cy")
    assert looks_right(shop) != ()
    run(shop)
    assert looks_right(shop) == ()


FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "json", "parquet")


def write_as(path: Path, identity: str, user: str) -> None:
    """A file with one event, in the format that its name ends in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    row = f"SELECT '{identity}' AS message_id, '{user}' AS user_id, 'Viewed' AS event, TIMESTAMP '2026-11-01 10:00:00' AS timestamp"
    kind = path.name.split(".", 1)[1]
    properties = "'{\"n\": 5}'" if kind.startswith("csv") else "{'n': 5}"
    options = {"csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json", "json": "FORMAT json, ARRAY", "parquet": "FORMAT parquet"}
    plain = path.with_name(path.name.removesuffix(".gz"))
    duckdb.sql(f"COPY ({row}, {properties} AS properties) TO '{plain}' ({options[kind.removesuffix('.gz')]})")
    if plain != path:
        path.write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()


@pytest.fixture
def mixed(tmp_path: Path) -> Iterator[Shop]:
    for at, kind in enumerate(FORMATS):
        write_as(tmp_path / f"events/{at}.{kind}", f"m{at}", f"user{at}")
    yield Shop(tmp_path, wanted=columns("n:number"), sources=sources(source("events/*")))


def test_files_of_all_formats_are_together_in_a_store(mixed: Shop) -> None:
    assert len(run(mixed).ingested) == len(FORMATS)
    assert looks_right(mixed) == ()
    assert values(mixed, "n:number") == {f"m{at}": 5.0 for at in range(len(FORMATS))}
    assert_right_without_a_store_too(mixed)


def test_one_file_of_each_format_comes_after_the_others(mixed: Shop) -> None:
    run(mixed)
    for at, kind in enumerate(FORMATS):
        name = f"events/late{at}.{kind}"
        write_as(mixed.folder / name, f"late{at}", f"user{at + 1}")
        assert run(mixed).ingested == (name,)
    assert set(values(mixed, "n:number").values()) == {5.0}


# ---- nothing to read ---------------------------------------------------------------------------------------------------


def test_a_project_without_events(tmp_path: Path) -> None:
    write_lines(tmp_path / "people.jsonl", [{"user_id": "ana"}])
    shop = Shop(tmp_path, sources="  profiles: {path: people.jsonl}\n")
    for _ in range(2):
        staging = run(shop)
        assert (staging.users, staging.events_staged, staging.ingested, staging.store_note) == (1, 0, (), None)
        assert looks_right(shop) == ()


def test_events_that_come_to_a_project_without_any_and_go_again(tmp_path: Path) -> None:
    write_lines(tmp_path / "people.jsonl", [{"user_id": "ana"}])
    people = "  profiles: {path: people.jsonl}\n"
    shop = Shop(tmp_path, sources=people)
    run(shop)
    write_lines(tmp_path / "events/a.jsonl", [event("a1", "ben", n=1, tags=["x"])])
    shop.sources = people + sources(source("events/*"))
    assert run(shop).ingested == ("events/a.jsonl",)
    assert run(shop).ingested == ()
    shop.sources = people
    assert run(shop).users == 1
    assert looks_right(shop) == ()


@pytest.mark.parametrize("name", ["events/a.jsonl", "events/a.csv", "events/a.jsonl.gz"])
def test_a_file_without_rows_that_gets_some(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    header = "message_id,user_id,event,timestamp,properties\n" if ".csv" in name else ""
    put(path, header)
    shop = Shop(tmp_path, sources=sources(source("events/*")))
    assert run(shop).events_staged == 0
    assert run(shop).ingested == ()
    assert looks_right(shop) == ()
    rows = (
        "m1,ana,Viewed,2026-11-01T10:00:00Z,\n"
        if ".csv" in name
        else '{"message_id": "m1", "user_id": "ana", "event": "Viewed", "timestamp": "2026-11-01T10:00:00Z"}\n'
    )
    put(path, header + rows)
    assert looks_right(shop) == (name,)
    assert run(shop).events_staged == 1
    put(path, header)
    assert run(shop).users == 0
    assert looks_right(shop) == ()


def put(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    os.utime(path, (1_700_000_000, 1_700_000_000))


def test_only_rows_that_cannot_be_read(tmp_path: Path) -> None:
    write_lines(tmp_path / "events/a.jsonl", [event("a1", at="soon"), event("a2", user_id=None)])
    shop = Shop(tmp_path)
    for _ in range(2):
        staging = run(shop)
        assert (staging.events_staged, staging.events_read, sum(reject.rows for reject in staging.rejects)) == (0, 2, 2)
    assert looks_right(shop) == ()
