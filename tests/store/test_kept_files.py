"""`on_missing_file: keep`: the rows of files that are gone count as they last were, from a copy that needs neither state nor store."""

import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from engage_cli.errors import DataError
from engage_cli.service.build import build_audiences
from engage_cli.service.keep import backup, restore
from engage_cli.service.progress import SILENT
from tests.inputs.support import AS_OF, event, write_lines
from tests.support.product import members_of_all

BUYERS = """
audience: buyers
members: {any: [{event: Viewed, count: {gte: 2}}, {event: Viewed, never: true}]}
"""
CONFIG = """
project: kept
timezone: UTC
{store}
sources:
  events: {{path: "{path}", on_missing_file: keep}}
  profiles: {{path: "people/*.csv", on_missing_file: keep}}
"""
PATHS = {
    "inside": ("shop", "events/**/*.jsonl"),
    "absolute": ("elsewhere", "{root}/elsewhere/*.jsonl"),
    "above": ("beside", "../beside/*.jsonl"),
}


class Kept:
    """A project whose files go, and beside it one that has them all."""

    def __init__(self, root: Path, *, store: bool, place: str) -> None:
        self.store, self.place, self.runs = store, place, 0
        self.folder, self.whole = root / "shop", root / "whole" / "shop"
        for folder in (self.folder, self.whole):
            base = folder.parent
            path = PATHS[place][1].format(root=base)
            (folder / "campaigns/audiences").mkdir(parents=True)
            (folder / "people").mkdir()
            self.events_of(folder).mkdir(parents=True, exist_ok=True)
            (folder / "campaigns/audiences/buyers.yaml").write_text(BUYERS)
            (folder / "engage.yaml").write_text(CONFIG.format(store="" if store else "store: none", path=path))

    def events_of(self, folder: Path) -> Path:
        return folder / "events" if self.place == "inside" else folder.parent / PATHS[self.place][0]

    def write(self, name: str, users: list[str]) -> None:
        """A file of events, in both."""
        for folder in (self.folder, self.whole):
            write_lines(
                self.events_of(folder) / name, [{**event(f"{name}{at}{len(users)}"), "user_id": user} for at, user in enumerate(users)]
            )

    def profile(self, name: str, users: list[str]) -> None:
        for folder in (self.folder, self.whole):
            (folder / "people" / name).write_text("user_id\n" + "".join(f"{user}\n" for user in users))

    def build(self) -> tuple[str, ...]:
        """A run; the files that are gone and kept."""
        self.runs += 1
        return build_audiences(self.folder, (), as_of=AS_OF + timedelta(minutes=self.runs), progress=SILENT).data.kept

    def same(self) -> bool:
        """Whether the project with fewer files gives the members of the other."""
        return members_of_all(self.folder, AS_OF) == members_of_all(self.whole, AS_OF)


@pytest.fixture(params=[(True, "inside"), (False, "inside"), (True, "absolute"), (True, "above")], ids=str)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    store, place = request.param
    return Kept(tmp_path, store=store, place=place)


def test_rows_of_files_that_are_gone_stay(shop: Kept) -> None:
    shop.write("a.jsonl", ["ana", "ana", "bob"])
    shop.write("b.jsonl", ["bob"])
    shop.profile("p.csv", ["cleo"])
    assert shop.build() == ()
    (shop.events_of(shop.folder) / "a.jsonl").unlink()
    (shop.folder / "people/p.csv").unlink()
    assert shop.same()
    gone = shop.build()
    assert [Path(path).name for path in gone] == ["a.jsonl", "p.csv"]
    assert shop.same()
    shutil.rmtree(shop.folder / ".engage/events", ignore_errors=True)
    assert shop.build() == gone
    assert shop.same()
    shop.write("a.jsonl", ["bob"])  # it comes back as another file: its rows replace the kept ones
    assert [Path(path).name for path in shop.build()] == ["p.csv"]
    assert shop.same()
    (shop.events_of(shop.folder) / "a.jsonl").unlink()
    assert shop.build() == gone
    assert shop.same()


def test_a_file_with_another_name_counts_once(shop: Kept) -> None:
    shop.write("a.jsonl", ["ana", "bob"])
    shop.write("twin.jsonl", ["eve"])
    shop.write("twin2.jsonl", ["eve"])
    shop.profile("p.csv", ["cleo"])
    shop.build()
    events = shop.events_of(shop.folder)
    (events / "a.jsonl").rename(events / "later.jsonl")
    assert shop.same()
    assert shop.build() == ()
    assert shop.same()
    (events / "later.jsonl").unlink()
    (events / "twin2.jsonl").unlink()
    assert sorted(Path(path).name for path in shop.build()) == ["later.jsonl", "twin2.jsonl"]
    assert shop.same()


def test_a_copy_that_is_gone_too_is_an_error(shop: Kept) -> None:
    shop.write("a.jsonl", ["ana", "ana"])
    shop.write("b.jsonl", ["ana", "ana"])
    shop.profile("p.csv", ["cleo"])
    shop.build()
    (shop.events_of(shop.folder) / "a.jsonl").unlink()
    shutil.rmtree(shop.folder / ".engage/kept")
    with pytest.raises(DataError, match="is gone"):
        shop.build()


def test_backups_have_the_copies(shop: Kept) -> None:
    shop.write("a.jsonl", ["ana", "ana"])
    shop.write("b.jsonl", ["bob"])
    shop.profile("p.csv", ["cleo"])
    shop.build()
    (shop.events_of(shop.folder) / "a.jsonl").unlink()
    shop.build()
    copy = backup(shop.folder, shop.folder.parent / "monday.duckdb")
    shutil.rmtree(shop.folder / ".engage")
    restore(shop.folder, copy)
    assert [Path(path).name for path in shop.build()] == ["a.jsonl"]
    assert shop.same()


@pytest.mark.parametrize("seed", range(4))
def test_any_history_of_files(seed: int, tmp_path: Path) -> None:
    """New, changed, renamed and removed files, runs now and then: the answer is that of all files as they last were at a run."""
    chance = random.Random(seed)
    shop = Kept(tmp_path, store=seed % 3 > 0, place=chance.choice(list(PATHS)))
    shop.write("0.jsonl", ["ana"])
    shop.profile("p.csv", ["cleo"])
    here, there = shop.events_of(shop.folder), shop.events_of(shop.whole)
    shop.build()
    for step in range(8):
        present = sorted(path.name for path in here.glob("*.jsonl"))
        match chance.choice(["new", "change", "rename", "remove"]):
            case "new":
                shop.write(f"{step}.jsonl", chance.choices(["ana", "bob", "eve"], k=chance.randint(1, 3)))
            case "change" if present:
                shop.write(chance.choice(present), chance.choices(["ana", "bob", "eve"], k=chance.randint(4, 6)))
            case "rename" if present:
                name = chance.choice(present)
                for folder in (here, there):
                    (folder / name).rename(folder / f"moved-{step}.jsonl")
            case "remove" if present:
                (here / chance.choice(present)).unlink()
        assert shop.same(), step
        shop.build()
        assert shop.same(), step


def test_two_files_of_one_content_get_other_names(shop: Kept) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        shop.write(name, ["ana"])
    events = shop.events_of(shop.folder)
    same = (events / "a.jsonl").read_text().replace('"message_id"', '"other_id"')
    for folder in (events, shop.events_of(shop.whole)):
        for name in ("a.jsonl", "b.jsonl"):
            (folder / name).write_text(same)
    shop.profile("p.csv", ["cleo"])
    shop.build()
    for old, new in (("a.jsonl", "c.jsonl"), ("b.jsonl", "d.jsonl")):
        (events / old).rename(events / new)
    assert shop.build() == ()
    assert shop.same()
    assert shop.build() == ()
    assert shop.same()


def test_a_file_that_was_touched_is_not_another(shop: Kept) -> None:
    shop.write("a.jsonl", ["ana"])
    shop.write("b.jsonl", ["bob"])
    shop.profile("p.csv", ["cleo"])
    events = shop.events_of(shop.folder)
    same = (events / "a.jsonl").read_text().replace('"message_id"', '"other_id"')
    for folder in (events, shop.events_of(shop.whole)):
        for name in ("a.jsonl", "b.jsonl"):
            (folder / name).write_text(same)
    shop.build()
    (events / "b.jsonl").unlink()
    os.utime(events / "a.jsonl", ns=(1_700_000_000_000_000_000, 1_700_000_000_000_000_000))
    assert [Path(path).name for path in shop.build()] == ["b.jsonl"]
    assert shop.same()


def test_a_glob_does_not_find_what_the_product_keeps(tmp_path: Path) -> None:
    shop = Kept(tmp_path, store=True, place="inside")
    for folder in (shop.folder, shop.whole):
        config = folder / "engage.yaml"
        text = config.read_text().replace("events/**/*.jsonl", "**/*.jsonl").replace("people/*.csv", "**/*.csv")
        config.write_text(f"state: var/state.duckdb\nstore: var/events\n{text}")
    shop.write("a.jsonl", ["ana"])
    shop.profile("p.csv", ["cleo"])
    assert shop.build() == ()
    assert shop.same()
    assert sorted(path.name for path in (shop.folder / "var/kept").rglob("*.*")) == ["a.jsonl", "p.csv"]
    (shop.events_of(shop.folder) / "a.jsonl").unlink()
    assert [Path(path).name for path in shop.build()] == ["a.jsonl"]
    assert shop.same()
