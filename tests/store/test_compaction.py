"""Compaction: segments stay few, rows are written again seldom, and nothing that can be asked changes by it."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from engage_cli.engine.base import StoreReport, Upkeep
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.engine.store.compaction import GROWTH, absorbed
from engage_cli.engine.store.manifest import Segment
from tests.inputs.support import ZONE, event, project, write_lines
from tests.store.support import SETTINGS, Shop

# ---- which segments are taken over -------------------------------------------------------------------------------------


def segments(sizes: Iterable[int]) -> list[Segment]:
    return [Segment(f"events-{at:06}.duckdb", "", 0, rows, None, None, ()) for at, rows in enumerate(sizes)]


@dataclass
class Growing:
    """The sizes of a store's segments while rows come in, and how many rows were written for it."""

    sizes: list[int] = field(default_factory=list)
    written: int = 0

    def take_in(self, rows: int) -> None:
        taken = absorbed(segments(self.sizes), rows)
        made = rows + sum(self.sizes[len(self.sizes) - taken :])
        self.sizes[len(self.sizes) - taken :] = [made]
        self.written += made


@pytest.mark.parametrize(
    "sizes, rows, taken",
    [
        ([], 5, 0),
        ([10], 5, 1),  # twice as large: taken
        ([11], 5, 0),
        ([100, 10], 5, 1),  # 15 rows now: 100 is more than twice that
        ([30, 10], 5, 2),  # 15 rows now: 30 is not
        ([1000, 30, 10, 3], 1, 0),
        ([1000, 30, 10, 3], 2, 3),
        ([7, 100, 1], 1, 1),  # what is behind one that stays, stays
        ([5, 5, 5], 0, 0),
        ([5, 0, 0], 0, 2),
        ([0], 0, 1),
        ([3], 10**9, 1),
    ],
)
def test_how_many_of_the_last_segments_are_taken_over(sizes: list[int], rows: int, taken: int) -> None:
    assert absorbed(segments(sizes), rows) == taken


SERIES: dict[str, Callable[[random.Random], int]] = {
    "one row each": lambda chance: 1,
    "alike": lambda chance: chance.randint(900, 1100),
    "of all sizes": lambda chance: int(10 ** chance.uniform(0, 6)),
    "large now and then": lambda chance: 10**6 if chance.random() < 0.02 else chance.randint(1, 50),
    "nothing now and then": lambda chance: chance.choice([0, 0, 1, 7]),
}


@pytest.mark.parametrize("series", SERIES)
def test_sizes_fall_by_half_so_that_segments_are_few_and_rows_are_rarely_written_again(series: str) -> None:
    chance, grown, came = random.Random(2026), Growing(), 0
    for _ in range(3000):
        rows = SERIES[series](chance)
        came += rows
        grown.take_in(rows)
        assert sum(grown.sizes) == came
        assert all(earlier > GROWTH * later for earlier, later in zip(grown.sizes, grown.sizes[1:], strict=False))
        assert len(grown.sizes) <= math.log2(came + 1) + 1
    assert grown.written <= came * (math.log(came, 1 + 1 / GROWTH) + 1)


def test_of_a_thousand_equal_ingests_a_row_is_written_about_as_often_as_segments_there_can_be() -> None:
    grown = Growing()
    for _ in range(1024):
        grown.take_in(1000)
    assert grown.written < 1024 * 1000 * 8


# ---- through a store ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


def add(shop: Shop, number: int, rows: int = 1, *, broken: int = 0) -> None:
    """One more file, of users old and new."""
    lines = [event(f"m{number}.{at}", f"user{(number * 7 + at) % 40}", ["Viewed", "Bought"][at % 2], n=at) for at in range(rows)]
    write_lines(shop.folder / f"events/{number:03}.jsonl", [*lines, *({"user_id": f"broken {number}.{at}"} for at in range(broken))])


def tend(shop: Shop, upkeep: Upkeep) -> StoreReport:
    with open_engine(shop.folder, SETTINGS, ZONE, store=shop.store) as engine:
        return engine.tend_store(project(shop.folder, shop.sources).config.sources, shop.needs(), upkeep)


def user_keys(shop: Shop) -> dict[str, int]:
    with shop.staged() as (engine, _):
        return dict(engine.rows("SELECT user_id, user_key FROM users"))


def sizes(shop: Shop) -> list[int]:
    return [segment.rows for segment in shop.manifest.segments]


def test_thirty_files_one_after_the_other_leave_few_segments_and_the_same_answer(shop: Shop) -> None:
    most = 0
    for number in range(30):
        add(shop, number, rows=3, broken=number % 2)
        with shop.staged(writes=True) as (_, staging):
            assert staging.ingested == (f"events/{number:03}.jsonl",)
            assert staging.store_note is None
            assert staging.events_staged == 3 * (number + 1)
        most = max(most, len(sizes(shop)))
    assert most <= math.log2(90) + 1
    assert sum(sizes(shop)) == 90
    assert {key for segment in shop.manifest.segments for key in segment.files} == set(range(30))
    assert sorted(path.name for path in shop.store.iterdir()) == sorted(
        ["manifest.json", *(segment.name for segment in shop.manifest.segments)]
    )
    assert shop.look() == shop.bare()


def test_a_reader_takes_over_nothing(shop: Shop) -> None:
    add(shop, 1, rows=4)
    shop.run()
    before = shop.manifest
    add(shop, 2, rows=4)
    assert shop.look() == shop.bare()
    assert shop.manifest == before


@pytest.fixture
def scattered(shop: Shop) -> Shop:
    """Three segments, with hidden rows in two of them, a file that changed, and one that is gone with users that nobody else names."""
    for number, rows in enumerate([60, 20, 6]):
        add(shop, number, rows, broken=1)
        write_lines(shop.folder / f"events/gone{number}.jsonl", [event(f"gone{number}", f"gone{number}", tags=["x"])])
        shop.run()
    (shop.folder / "events/gone0.jsonl").unlink()
    (shop.folder / "events/gone2.jsonl").unlink()
    write_lines(shop.folder / "events/001.jsonl", [event("changed", "user1", n="1.5")])
    shop.run()
    assert len(shop.manifest.segments) > 1
    assert any(segment.hidden for segment in shop.manifest.segments)
    assert shop.manifest.loose
    return shop


def test_a_compacted_store_is_one_segment_that_hides_nothing_and_answers_the_same(scattered: Shop) -> None:
    expected, before = scattered.bare(), scattered.manifest
    report = tend(scattered, Upkeep.COMPACT)
    after = scattered.manifest
    [segment] = after.segments
    assert (report.segments, report.events, report.read, report.note) == (1, expected.counts[1], (), None)
    assert report.rejects == staged_rejects(scattered)
    assert segment.rows == expected.counts[1]
    assert segment.hidden == ()
    assert set(segment.files) == {file.key for file in before.visible}
    assert set(after.files) == set(before.visible)
    assert not after.loose
    assert segment.name not in {old.name for old in before.segments}
    assert sorted(path.name for path in scattered.store.iterdir()) == [segment.name, "manifest.json"]
    assert scattered.look() == expected
    assert scattered.run() == expected
    assert scattered.manifest == after, "a run finds nothing to do"


def staged_rejects(shop: Shop) -> object:
    with shop.staged(store=False) as (_, staging):
        return staging.rejects


def test_users_keep_their_keys_across_compaction_and_nobody_gets_a_key_of_another(scattered: Shop) -> None:
    everybody = scattered.manifest.users
    before = user_keys(scattered)
    tend(scattered, Upkeep.COMPACT)
    assert user_keys(scattered) == before
    add(scattered, 50, rows=2)
    write_lines(scattered.folder / "events/new.jsonl", [event("new1", "newcomer"), event("new2", "gone0")])
    scattered.run()
    after = user_keys(scattered)
    assert {user: after[user] for user in before} == before
    assert {after["newcomer"], after["gone0"]} == {everybody, everybody + 1}
    assert scattered.look() == scattered.bare()


def test_users_keep_their_keys_while_segments_are_taken_over(shop: Shop) -> None:
    known: dict[str, int] = {}
    for number in range(8):
        add(shop, number, rows=5)
        shop.run()
        keys = user_keys(shop)
        assert len(set(keys.values())) == len(keys)
        assert {user: keys[user] for user in known} == known
        known = keys
    assert len(sizes(shop)) < 8


def test_compacting_what_is_compact_changes_nothing(scattered: Shop) -> None:
    tend(scattered, Upkeep.COMPACT)
    before = scattered.manifest
    tend(scattered, Upkeep.COMPACT)
    assert scattered.manifest == before


def test_one_segment_that_names_users_without_events_is_compacted_too(shop: Shop) -> None:
    add(shop, 1, rows=2)
    write_lines(shop.folder / "events/gone.jsonl", [event("gone", "gone")])
    shop.run()
    (shop.folder / "events/gone.jsonl").unlink()
    add(shop, 2, rows=9)
    shop.run()
    [before] = shop.manifest.segments
    assert (before.hidden, shop.manifest.loose) == ((), True)
    assert shop.look() == shop.bare()
    tend(shop, Upkeep.COMPACT)
    [after] = shop.manifest.segments
    assert (after.name != before.name, shop.manifest.loose) == (True, False)
    assert shop.look() == shop.bare()


def test_compacting_takes_in_what_is_new_first(scattered: Shop) -> None:
    add(scattered, 70, rows=9)
    report = tend(scattered, Upkeep.COMPACT)
    assert report.read == ("events/070.jsonl",)
    assert sizes(scattered) == [scattered.bare().counts[1]]
    assert scattered.look() == scattered.bare()


@pytest.mark.parametrize("upkeep", Upkeep)
def test_upkeep_of_a_store_that_is_not_there_yet_makes_it(upkeep: Upkeep, shop: Shop) -> None:
    add(shop, 1, rows=4, broken=1)
    report = tend(shop, upkeep)
    assert (report.exists, report.events, report.segments, report.read) == (True, 4, 1, ("events/001.jsonl",))
    assert shop.look() == shop.bare()


def test_a_store_made_anew_has_one_segment_and_counts_on(scattered: Shop) -> None:
    expected, before = scattered.bare(), scattered.manifest
    report = tend(scattered, Upkeep.REBUILD)
    assert set(report.read) == {file.path for file in before.visible}
    assert scattered.manifest.next_segment > before.next_segment
    assert {segment.name for segment in scattered.manifest.segments}.isdisjoint(segment.name for segment in before.segments)
    assert not scattered.manifest.loose
    assert scattered.look() == expected


def test_a_compacted_store_still_knows_which_message_ids_it_has(scattered: Shop) -> None:
    tend(scattered, Upkeep.COMPACT)
    write_lines(scattered.folder / "events/again.jsonl", [event("m0.1", "user1", at="2026-11-05T00:00:00Z"), event("changed", "late")])
    assert scattered.run() == scattered.bare()
    write_lines(scattered.folder / "events/earlier.jsonl", [event("m0.2", "earlier", at="2026-10-05T00:00:00Z")])
    with scattered.staged(writes=True) as (engine, staging):
        assert scattered.seen(engine, staging) == scattered.bare()
        assert staging.store_note is not None, "a row of the store gave way"


@pytest.mark.parametrize("gone", [True, False])
def test_a_store_whose_every_event_is_hidden_is_compacted_to_nothing(gone: bool, shop: Shop) -> None:
    for number in range(3):
        add(shop, number, rows=10 - 3 * number)
        shop.run()
    for number in range(3):
        path = shop.folder / f"events/{number:03}.jsonl"
        if gone and number:
            path.unlink()
        else:
            path.write_text("")
    assert shop.run() == shop.bare()
    tend(shop, Upkeep.COMPACT)
    assert sum(sizes(shop)) == 0
    assert shop.look() == shop.bare()
    add(shop, 9, rows=2)
    assert shop.run() == shop.bare()
    assert shop.look().counts[1] == 2
