"""What a store holds of each event: what definitions ask for, made once."""

from pathlib import Path

import pytest

from engage_cli.definitions.paths import parse_path
from engage_cli.engine.base import Staging
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.engine.store.layout import Layout, layout_of
from engage_cli.plan.needs import EventNeed, Needs
from engage_cli.records import replace
from tests.inputs.support import AS_OF, ZONE, columns, event, project, write_lines
from tests.store.looking import looks_right, run, values, written
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
