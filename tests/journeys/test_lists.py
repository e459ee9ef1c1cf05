"""Lists of journeys at destinations: who is added and removed by which tick, and what is held back."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.service.progress import SILENT
from engage_cli.service.results.journeys import TickResult
from engage_cli.service.tick import tick_journeys
from engage_cli.source import InvalidError

CONFIG = """
project: shop
timezone: UTC
store: none
sources:
  events: {path: "data/*.csv"}
  profiles: {path: "people.csv"}
destinations:
  ads: {type: list, columns: {id: user_id, mail: email}}
  plain: {type: list, columns: {id: user_id}}
  careful: {type: list, columns: {id: user_id}, guard: {max_change: 40%}}
"""
HEAD = "message_id,user_id,event,timestamp\n"
PEOPLE = "user_id,email\nana,ana@x\nben,ben@x\ncleo,cleo@x\n"
CARTS = """
journey: carts
status: live
entry: {on: {event: Cart}, reentry: always, since: 2026-11-01}
exit: [{on: {event: Order}}]
steps:
  - {sync: ads, list: hot, remove_after: 2 days, id: list}
  - {delay: 30 days, id: wait}
"""


class Shop:
    """A project with some journeys."""

    def __init__(self, folder: Path, *definitions: str) -> None:
        self.folder = folder
        (folder / "data").mkdir()
        self.write("engage.yaml", CONFIG)
        self.write("people.csv", PEOPLE)
        self.define(*definitions)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def define(self, *definitions: str) -> None:
        self.write("campaigns/all.yaml", "---\n".join(definitions))

    def events(self, *rows: str) -> None:
        """Rows `user event day`, in a file of their own."""
        number = len(list((self.folder / "data").iterdir()))
        lines = [f"m{number}_{at},{user},{event},{day}\n" for at, (user, event, day) in enumerate(row.split() for row in rows)]
        self.write(f"data/{number}.csv", HEAD + "".join(lines))

    def tick(self, day: str, *, allow_change: bool = False, dry_run: bool = False) -> TickResult:
        as_of = datetime.fromisoformat(f"2026-{day}").replace(tzinfo=UTC)
        return tick_journeys(self.folder, [], as_of=as_of, allow_change=allow_change, dry_run=dry_run, progress=SILENT)

    def told(self, result: TickResult, name: str = "ads/hot") -> tuple[list[list[str]], list[list[str]]]:
        """The rows that a tick adds to a list and removes from it."""
        paths = [self.folder / "out/runs" / str(result.run) / "syncs" / name / f"{file}.csv" for file in ("adds", "removes")]
        adds, removes = (list(csv.reader(path.read_text().splitlines()))[1:] if path.exists() else [] for path in paths)
        return adds, removes


def test_who_passes_the_step_is_added_and_goes_when_the_time_is_over(tmp_path: Path) -> None:
    """Also where nobody moves in that tick."""
    shop = Shop(tmp_path, CARTS)
    shop.events("ana Cart 2026-11-02", "ben Cart 2026-11-03")
    first = shop.tick("11-03T12:00")
    assert shop.told(first) == ([["ana", "ana@x"], ["ben", "ben@x"]], [])
    assert [(one.destination, one.audience, one.added, one.removed) for one in first.syncs] == [("ads", "hot", 2, 0)]
    second = shop.tick("11-04T00:00")
    assert shop.told(second) == ([], [["ana", "ana@x"]])
    assert not any(one.moved for one in second.journeys)
    assert shop.told(shop.tick("11-04T12:00")) == ([], [])
    assert shop.told(shop.tick("11-09")) == ([], [["ben", "ben@x"]])


def test_an_instance_that_ends_leaves_its_stay(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS)
    shop.events("ana Cart 2026-11-02", "ana Order 2026-11-02T06:00")
    first = shop.tick("11-02T12:00")
    assert (shop.told(first), first.journeys[0].ended) == (([["ana", "ana@x"]], []), 1)
    assert shop.told(shop.tick("11-03")) == ([], [])
    assert shop.told(shop.tick("11-04")) == ([], [["ana", "ana@x"]])


def test_who_came_and_went_between_two_ticks_is_not_told(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS)
    shop.events("ana Cart 2026-11-02")
    result = shop.tick("11-20")
    assert (shop.told(result), result.written) == (([], []), ())


def test_somebody_on_a_list_by_two_journeys_goes_with_the_last(tmp_path: Path) -> None:
    views = CARTS.replace("carts", "views").replace("event: Cart", "event: View").replace("2 days", "5 days")
    shop = Shop(tmp_path, CARTS, views)
    shop.events("ana Cart 2026-11-02", "ana View 2026-11-03", "ben Cart 2026-11-03", "ben Cart 2026-11-04")
    assert shop.told(shop.tick("11-03T12:00"))[0] == [["ana", "ana@x"], ["ben", "ben@x"]]
    assert shop.told(shop.tick("11-04T12:00")) == ([], [])
    assert shop.told(shop.tick("11-07")) == ([], [["ben", "ben@x"]])
    assert shop.told(shop.tick("11-08")) == ([], [["ana", "ana@x"]])


def test_lists_of_one_name_at_two_destinations_are_two(tmp_path: Path) -> None:
    other = CARTS.replace("carts", "views").replace("event: Cart", "event: View").replace("sync: ads", "sync: plain")
    shop = Shop(tmp_path, CARTS, other)
    shop.events("ana Cart 2026-11-02", "ben View 2026-11-02")
    result = shop.tick("11-02T12:00")
    assert shop.told(result) == ([["ana", "ana@x"]], [])
    assert shop.told(result, "plain/hot") == ([["ben"]], [])


def test_a_row_follows_its_person_and_is_removed_as_it_was_added(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS)
    shop.events("ana Cart 2026-11-02", "ben Cart 2026-11-02", "dan Cart 2026-11-02")
    assert shop.told(shop.tick("11-02T12:00"))[0] == [["ana", "ana@x"], ["ben", "ben@x"], ["dan", ""]]
    shop.write("people.csv", PEOPLE.replace("ana@x", "new@x"))
    assert shop.told(shop.tick("11-03")) == ([["ana", "new@x"]], [["ana", "ana@x"]])
    shop.write("people.csv", PEOPLE)
    assert shop.told(shop.tick("11-05")) == ([], [["ana", "new@x"], ["ben", "ben@x"], ["dan", ""]])


def test_a_row_has_what_a_journey_has_set(tmp_path: Path) -> None:
    sets = CARTS.replace("steps:", "steps:\n  - {set: email, to: ours@x, id: set}")
    shop = Shop(tmp_path, sets)
    shop.events("ana Cart 2026-11-02")
    shop.tick("11-02")
    assert shop.told(shop.tick("11-03")) == ([], [])
    with duckdb.connect(str(tmp_path / ".engage/state.duckdb"), read_only=True) as state:
        assert state.execute("SELECT user_id, identifiers FROM list_member").fetchall() == [("ana", '{"id":"ana","mail":"ours@x"}')]


def test_a_guard_holds_back_until_it_is_allowed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS.replace("sync: ads", "sync: careful"))
    shop.events("ana Cart 2026-11-02", "ben Cart 2026-11-02", "cleo Cart 2026-11-03")
    assert len(shop.told(shop.tick("11-03T12:00"), "careful/hot")[0]) == 3
    held = shop.tick("11-04")
    assert [(one.removed, one.held) for one in held.syncs] == [(2, True)]
    assert (shop.told(held, "careful/hot"), held.held) == (([], []), held.syncs)
    again = shop.tick("11-04")
    assert (again.run, [one.held for one in again.syncs]) == (None, [True])
    allowed = shop.tick("11-04", allow_change=True)
    assert (allowed.unchanged, shop.told(allowed, "careful/hot")) == (("carts",), ([], [["ana"], ["ben"]]))
    last = shop.tick("11-04")
    assert (last.run, last.syncs) == (None, ())


def test_a_list_that_no_journey_names_any_more_is_emptied_in_time(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS)
    shop.events("ana Cart 2026-11-02")
    shop.tick("11-02T12:00")
    shop.define(CARTS.replace("list: hot", "list: cold"))
    assert shop.told(shop.tick("11-04")) == ([], [["ana", "ana@x"]])


def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS)
    shop.events("ana Cart 2026-11-02")
    dry = shop.tick("11-02T12:00", dry_run=True)
    assert dry.would_change
    assert not (tmp_path / "out").exists()
    assert shop.tick("11-02T12:00").syncs == dry.syncs


def test_an_audience_and_a_list_share_no_name_at_a_destination(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CARTS, "audience: hot\nmembers: {everyone: true}\nsync: [ads]\n")
    shop.events("ana Cart 2026-11-02")
    with pytest.raises(InvalidError) as caught:
        shop.tick("11-02T12:00")
    [issue] = caught.value.issues
    assert issue.code == "same-list"
    assert issue.message == "the list `hot` of `ads` is that of the audience `hot` already"
