"""`engage run`: which stages there are, that it is its commands in order, and that twice is once."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.errors import UsageError
from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.stages import Kind, Stage, stages_of
from engage_cli.service.tick import tick_journeys
from engage_cli.service.trait_build import build_traits
from engage_cli.service.workspace import load
from tests.journeys.shop import files_of, rows_of
from tests.runs.shop import FIRST, SECOND, make_whole_shop, run_at


def test_what_reads_the_traits_that_journeys_set_comes_after_them(shop: Path) -> None:
    assert stages_of(load(shop)) == (
        Stage(Kind.TRAITS, ("carts",)),
        Stage(Kind.AUDIENCES, ("busy", "buyers")),
        Stage(Kind.JOURNEYS, ("cart_recovery",)),
        Stage(Kind.AUDIENCES, ("left_something",), after_journeys=True),
    )


def test_a_run_is_its_commands_in_order(shop: Path, tmp_path: Path) -> None:
    other = make_whole_shop(tmp_path / "other")
    for day in (FIRST, SECOND):
        run_at(shop, day)
        as_of = datetime.fromisoformat(day).replace(tzinfo=UTC)
        build_traits(other, ["carts"], as_of=as_of, progress=SILENT)
        build_audiences(other, ["busy", "buyers"], as_of=as_of, file_format="jsonl", progress=SILENT)
        tick_journeys(other, [], as_of=as_of, progress=SILENT)
        build_audiences(other, ["left_something"], as_of=as_of, file_format="jsonl", progress=SILENT)
    assert (files_of(shop), rows_of(shop)) == (files_of(other), rows_of(other))
    with duckdb.connect(str(shop / ".engage/state.duckdb"), read_only=True) as state:
        assert state.execute("SELECT user_id FROM membership WHERE audience = 'left_something' ORDER BY ALL").fetchall() == [
            ("ana",),
            ("cleo",),
        ]


def test_the_same_instant_again_changes_nothing(shop: Path) -> None:
    assert run_at(shop, SECOND).would_change
    before = files_of(shop), rows_of(shop)
    assert not run_at(shop, SECOND).would_change
    assert (files_of(shop), rows_of(shop)) == before


def test_no_stage_is_done_where_anything_stands_later(shop: Path) -> None:
    tick_journeys(shop, [], as_of=datetime(2026, 11, 5, tzinfo=UTC), progress=SILENT)
    before = rows_of(shop)
    with pytest.raises(UsageError, match="the journey `cart_recovery` stands at 2026-11-05T00:00:00Z, which is after --as-of"):
        run_at(shop, FIRST)
    assert rows_of(shop) == before


def test_a_project_without_definitions_has_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "engage.yaml").write_text("project: empty\nsources: {events: {path: e.csv}}\n")
    with pytest.raises(UsageError, match="no definitions to run"):
        run_at(tmp_path, FIRST)


def test_the_first_stage_that_reads_events_makes_the_store_for_all(shop: Path) -> None:
    config = shop / "engage.yaml"
    config.write_text(config.read_text().replace("store: none", "store: .engage/events"))
    read = [done.result.data for done in run_at(shop, FIRST).stages]
    assert [(bool(data.ingested), data.store_note) for data in read] == [(True, None), *[(False, None)] * 3]
