"""What a store holds of each event: what definitions ask for, made once; and how each source says that its files are read."""

import gzip
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.definitions.paths import parse_path
from engage_cli.engine.base import Staging
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.engine.store.layout import Layout, layout_of
from engage_cli.plan.needs import Column, EventNeed, Needs
from engage_cli.records import replace
from tests.inputs.support import AS_OF, ZONE, columns, event, project, write_lines
from tests.store.support import SETTINGS, Shop

MORE = "the definitions ask for more properties than the store holds"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    write_lines(
        tmp_path / "events/a.jsonl",
        [
            event("a1", "ana", n=1, SKU="A", sku="b", tags=["x", "y"], plan={"name": "pro"}),
            event("a2", "ben", "Bought", n="2.5", SKU="C", tags="x"),
            event("a3", "cy", "Left", sku="d"),
        ],
    )
    return Shop(tmp_path, wanted=columns("n:number"))


def run(shop: Shop) -> Staging:
    """A run that answers as the files do; its account."""
    with shop.staged(writes=True) as (engine, staging):
        assert shop.seen(engine, staging) == shop.bare()
        return staging


def looks_right(shop: Shop) -> tuple[str, ...]:
    """A reader answers as the files do, and writes nothing; the files that it had to read."""
    before = written(shop)
    with shop.staged() as (engine, staging):
        assert shop.seen(engine, staging) == shop.bare()
    assert written(shop) == before
    return staging.ingested


def written(shop: Shop) -> dict[str, tuple[int, int]]:
    """What the store's files are: no file is written again under its name."""
    if not shop.store.exists():
        return {}
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in shop.store.iterdir()}


def values(shop: Shop, *names: str) -> dict[str, Any]:
    """By message id what a reader of the store sees in columns."""
    with replace(shop, wanted=columns(*names)).staged() as (engine, staging):
        assert staging.ingested == ()
        label = engine_labels(columns(*names))
        chosen = ", ".join(f'"{label[name]}"' for name in names)
        rows = engine.rows(f"SELECT message_id, {chosen} FROM events")
    return {row[0]: row[1] if len(names) == 1 else row[1:] for row in rows}


def assert_right_without_a_store_too(shop: Shop) -> None:
    """What all users have done, as it is read straight from the files for each of them: by code that knows no store."""
    expected = shop.bare()
    with open_engine(shop.folder, SETTINGS, ZONE) as engine:
        everybody = replace(shop.needs(), users=frozenset(expected.users))
        staging = engine.stage(project(shop.folder, shop.sources).config.sources, everybody)
        assert shop.seen(engine, staging).events == expected.events


def engine_labels(wanted: frozenset[Column]) -> Mapping[str, str]:
    """By a column's name the name that it has in DuckDB, to which capitals are all the same."""
    found: dict[str, str] = {}
    for name in sorted(column.name for column in wanted):
        alike = sum(other.lower() == name.lower() for other in found)
        found[name] = f"{name}~{alike + 1}" if alike else name
    return found


# ---- which properties are there ----------------------------------------------------------------------------------------


def test_a_definition_that_asks_for_another_property_has_the_store_made_anew_once(shop: Shop) -> None:
    assert run(shop).store_note is None
    assert run(shop).ingested == ()
    first = shop.manifest
    assert first.columns == ("n:number",)
    shop.wanted = columns("n:number", "plan.name:text")
    staging = run(shop)
    assert (staging.store_note, staging.ingested) == (MORE, ("events/a.jsonl",))
    assert shop.manifest.columns == ("n:number", "plan.name:text")
    assert {segment.name for segment in shop.manifest.segments}.isdisjoint(segment.name for segment in first.segments)
    assert values(shop, "plan.name:text") == {"a1": "pro", "a2": None, "a3": None}
    before = written(shop)
    staging = run(shop)
    assert (staging.store_note, staging.ingested) == (None, ())
    assert written(shop) == before


def test_a_definition_that_asks_for_less_leaves_the_store_as_it_is(shop: Shop) -> None:
    shop.wanted = columns("n:number", "sku:text")
    run(shop)
    before = written(shop)
    for fewer in (columns("n:number"), columns("sku:text"), frozenset()):
        shop.wanted = fewer
        assert run(shop).store_note is None
        assert looks_right(shop) == ()
    assert written(shop) == before


def test_what_one_definition_asked_for_is_kept_when_another_asks_for_more(shop: Shop) -> None:
    shop.wanted = columns("n:number")
    run(shop)
    shop.wanted = columns("sku:text")
    assert run(shop).store_note == MORE
    assert set(shop.manifest.columns) == {"n:number", "sku:text"}
    shop.wanted = columns("n:number")
    assert run(shop).store_note is None


def test_a_reader_that_asks_for_more_than_the_store_holds_reads_the_files_and_writes_nothing(shop: Shop) -> None:
    run(shop)
    shop.wanted = columns("n:number", "n:text", "tags:elements")
    assert looks_right(shop) == ("events/a.jsonl",)
    shop.whole = frozenset({"*"})
    assert looks_right(shop) == ("events/a.jsonl",)
    assert shop.manifest.columns == ("n:number",)


def test_a_run_keeps_what_all_definitions_need_beside_what_it_needs_itself(shop: Shop) -> None:
    read = project(shop.folder, shop.sources).config.sources
    every = replace(shop, wanted=columns("n:number", "sku:text"), whole=frozenset({"*"})).needs()
    with open_engine(shop.folder, SETTINGS, ZONE, store=shop.store) as engine:
        staging = engine.stage(read, shop.needs(), every)
        assert shop.seen(engine, staging) == shop.bare()
    assert (shop.manifest.columns, shop.manifest.whole) == (("n:number", "sku:text"), ("*",))


def test_columns_are_filled_for_the_events_that_some_definition_names(shop: Shop) -> None:
    read = project(shop.folder, shop.sources).config.sources

    def account(*names: str) -> Staging:
        needs = Needs(AS_OF, ZONE, events=(EventNeed(names, None, columns("n:number")), EventNeed(("*",), None, frozenset())))
        with open_engine(shop.folder, SETTINGS, ZONE, store=shop.store) as engine:
            staging = engine.stage(read, needs, needs)
            found = engine.rows('SELECT event, e."n:number" FROM events e JOIN event_names USING (event_key)')
            assert {event: n for event, n in found if event in names} == {event: given[event] for event in names}
            return staging

    given = {"Viewed": 1.0, "Bought": 2.5, "Left": None}
    account("Viewed")
    assert shop.manifest.names == ("Viewed",)
    assert account("Bought").store_note == MORE
    assert shop.manifest.names == ("Bought", "Viewed")
    assert account("Viewed", "Bought").store_note is None
    assert account("Viewed").store_note is None


def test_whole_properties_are_there_once_they_are_asked_for(shop: Shop) -> None:
    run(shop)
    shop.whole = frozenset({"*"})
    staging = run(shop)
    assert (staging.store_note, shop.manifest.whole) == (MORE, ("*",))
    assert run(shop).store_note is None
    assert looks_right(shop) == ()
    write_lines(shop.folder / "events/b.jsonl", [event("b1", "di", deep={"list": [1, {"a": None}], "ä": "\u2028"}), event("b2")])
    staging = run(shop)
    assert (staging.store_note, staging.ingested) == (None, ("events/b.jsonl",))
    assert looks_right(shop) == ()
    shop.whole = frozenset()
    assert run(shop).store_note is None
    assert shop.manifest.whole


def test_properties_whose_names_differ_only_in_capitals_are_two(shop: Shop) -> None:
    shop.wanted = columns("sku:text")
    run(shop)
    shop.wanted = columns("SKU:text", "sku:text")
    with shop.staged(writes=True) as (_, staging):
        assert staging.store_note == MORE
    both = {"a1": ("A", "b"), "a2": ("C", None), "a3": (None, "d")}
    assert values(shop, "SKU:text", "sku:text") == both
    assert values(shop, "SKU:text") == {identity: value for identity, (value, _) in both.items()}
    assert values(shop, "sku:text") == {identity: value for identity, (_, value) in both.items()}
    with shop.staged(writes=True) as (_, staging):
        assert (staging.store_note, staging.ingested) == (None, ())


def test_capitals_that_come_before_in_the_alphabet_take_the_name_that_another_had(shop: Shop) -> None:
    shop.wanted = columns("sku:text")
    run(shop)
    write_lines(shop.folder / "events/b.jsonl", [event("b1", "di", sku="e", SKU="F", Sku="G")])
    shop.wanted = columns("SKU:text", "Sku:text", "sku:text")
    with shop.staged(writes=True):
        pass
    write_lines(shop.folder / "events/c.jsonl", [event("c1", "di", sku="h", SKU="I", Sku="J")])
    with shop.staged(writes=True) as (_, staging):
        assert staging.ingested == ("events/c.jsonl",)
    found = values(shop, "SKU:text", "Sku:text", "sku:text")
    assert (found["b1"], found["c1"]) == (("F", "G", "e"), ("I", "J", "h"))
    assert values(shop, "sku:text") == {"a1": "b", "a2": None, "a3": "d", "b1": "e", "c1": "h"}


def lists(shop: Shop, *, store: bool = True) -> set[str]:
    with shop.staged(store=store) as (_, staging):
        return {path.text for path in staging.catalog.event_lists}


def test_a_path_has_lists_as_soon_as_some_file_has_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path, wanted=columns("tags:elements", "sizes:elements"))
    write_lines(tmp_path / "events/a.jsonl", [event(f"a{at}", tags="x") for at in range(9)])
    shop.run()
    assert lists(shop) == set()
    write_lines(tmp_path / "events/b.jsonl", [event("b1", tags=["x"])])
    assert lists(shop) == {"tags"}, "a reader that has read the file beside the store"
    shop.run()
    assert len(shop.manifest.segments) == 2
    assert lists(shop) == {"tags"}
    write_lines(tmp_path / "events/c.jsonl", [event("c1", sizes=[]), event("c2")])
    shop.run()
    assert len(shop.manifest.segments) == 2, "the second and the third are one"
    assert lists(shop) == {"sizes", "tags"} == lists(shop, store=False)
    shop.wanted = columns("sizes:elements")
    assert lists(shop) == {"sizes"}


def layout(*names: str, of: tuple[str, ...] = ("*",), whole: tuple[str, ...] = ()) -> Layout:
    return Layout(columns(*names), frozenset(of) if names else frozenset(), frozenset(whole))


@pytest.mark.parametrize(
    "held, needed, covered",
    [
        (layout("n:number"), layout("n:number"), True),
        (layout("n:number"), layout(), True),
        (layout(), layout(), True),
        (layout(), layout("n:number"), False),
        (layout("n:number"), layout("n:text"), False),
        (layout("n:number"), layout("N:number"), False),
        (layout("n:number"), layout("n:number", of=("A",)), True),
        (layout("n:number", of=("A",)), layout("n:number"), False),
        (layout("n:number", of=("A",)), layout("n:number", of=("A", "B")), False),
        (layout("n:number", of=("A*",)), layout("n:number", of=("A*",)), True),
        (layout("n:number", of=("A*",)), layout("n:number", of=("*A",)), False),
        (layout("n:number", whole=("*",)), layout("n:number"), True),
        (layout("n:number"), layout(whole=("A",)), False),
        (layout(whole=("*",)), layout("n:number"), False),
        (layout(whole=("*",)), layout(whole=("A", "B*")), True),
        (layout(whole=("A", "B")), layout(whole=("A",)), True),
        (layout(whole=("A",)), layout(whole=("A", "B")), False),
        (layout(whole=("A",)), layout(whole=("*",)), False),
    ],
)
def test_whether_a_layout_has_all_of_another(held: Layout, needed: Layout, covered: bool) -> None:
    assert held.covers(needed) is covered
    assert held.with_also(needed).covers(needed)
    assert held.with_also(needed).covers(held)


def test_an_event_that_is_only_counted_asks_for_no_columns_and_the_events_of_sql_for_everything() -> None:
    counted = EventNeed(("Left",), None, frozenset())
    asked = EventNeed(("Viewed",), None, columns("n:number"))
    found = layout_of(Needs(AS_OF, ZONE, events=(counted, asked)))
    assert found == Layout(columns("n:number"), frozenset({"Viewed"}))
    assert layout_of(Needs(AS_OF, ZONE, tables=frozenset({"events"}))).whole == {"*"}
    assert layout_of(Needs(AS_OF, ZONE, whole=frozenset({"Left"}))).whole == {"Left"}
    assert not layout_of(Needs(AS_OF, ZONE, tables=frozenset({"profiles"}))).whole
    assert [column.path for column in found.ordered] == [parse_path("n")]


def test_a_store_keeps_whole_properties_of_the_events_that_are_asked_for_whole_and_of_no_others(tmp_path: Path) -> None:
    shop = Shop(tmp_path, wanted=columns("n:number"), whole=frozenset({"Cart*"}))
    write_lines(
        tmp_path / "events/a.jsonl",
        [event("a1", "ana", "Cart Updated", n=1, note="x"), event("a2", "ana", "Order Completed", n=2, note="y")],
    )
    shop.run()
    kept = {("a1", '{"n":1,"note":"x"}'), ("a2", None)}
    with shop.staged() as (engine, _):
        assert {*engine.rows("SELECT message_id, properties FROM events")} == kept
    assert shop.manifest.whole == ("Cart*",)
    write_lines(tmp_path / "events/b.jsonl", [event("b1", "ana", "Cart Left", n=1)])
    shop.run()
    with shop.staged() as (engine, _):
        assert {*engine.rows("SELECT message_id, properties FROM events")} == {*kept, ("b1", '{"n":1}')}


# ---- how files are read ------------------------------------------------------------------------------------------------


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
