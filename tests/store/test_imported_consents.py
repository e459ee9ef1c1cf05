"""Consents that `consent import` took in: whole or not at all, once, part of backups, and never gone in silence."""

import shutil
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from engage_cli.errors import DataError, LockedError
from engage_cli.service.build import build_audiences
from engage_cli.service.consents import import_consents, list_consents
from engage_cli.service.keep import backup, restore
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from engage_cli.state.store import lock_path
from tests.inputs.support import AS_OF
from tests.state.processes import holding, run_killed
from tests.store.given import given, take, taken
from tests.support.product import members_of_all

CONFIG = "project: shop\nsources: {profiles: {path: people.csv}}\n"
AUDIENCES = """
audience: readers
members: {consent: {channel: email}}
---
audience: left
members: {consent: {channel: email, status: unsubscribed}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "campaigns").mkdir(parents=True)
    (folder / "engage.yaml").write_text(CONFIG)
    (folder / "campaigns" / "all.yaml").write_text(AUDIENCES)
    (folder / "people.csv").write_text("user_id\nana\nben\n")
    return folder


def imported(shop: Path) -> list[str]:
    return sorted(path.name for path in (shop / ".engage" / "consents").glob("*"))


def built(shop: Path, hours: int) -> BuildResult:
    return build_audiences(shop, [], as_of=AS_OF + timedelta(hours=hours), file_format="csv", verbose=True, progress=SILENT)


def members(shop: Path, hours: int = 1) -> dict[str, list[str]]:
    return members_of_all(shop, AS_OF + timedelta(hours=hours))


def test_a_project_without_a_source_of_consents_sees_what_is_imported(shop: Path) -> None:
    assert members(shop) == {"left": [], "readers": []}
    assert taken(shop, "ana,email,,subscribed,", "new,email,,unsubscribed,2026-11-01").added == 2
    assert members(shop) == {"left": ["new"], "readers": ["ana"]}
    assert members(shop, hours=-1) == {"left": ["new"], "readers": []}, "a row without an instant counts from the import on"


def test_the_same_file_again_adds_nothing(shop: Path) -> None:
    rows = ("ana,email,,subscribed,", "ana,email,news,unsubscribed,2026-11-01", "ben,email,,subscribed,", "ana,email,,subscribed,")
    first = taken(shop, *rows)
    assert (first.added, first.known) == (3, 1)
    before = imported(shop)
    for hours in (0, 1, 30):
        again = taken(shop, *rows, hours=hours)
        assert (again.added, again.known, again.written) == (0, 4, None)
    assert imported(shop) == before


def test_a_state_that_changed_meanwhile_is_said_anew(shop: Path) -> None:
    taken(shop, "ana,email,,subscribed,")
    taken(shop, "ana,email,,unsubscribed,", hours=1)
    assert taken(shop, "ana,email,,subscribed,", hours=2).added == 1
    assert members(shop, hours=3)["readers"] == ["ana"]


def test_what_a_source_says_is_known(shop: Path) -> None:
    (shop / "engage.yaml").write_text("project: shop\nsources: {profiles: {path: people.csv}, consents: {path: c.csv}}\n")
    (shop / "c.csv").write_text("user_id,channel,status\nana,email,subscribed\n")
    assert taken(shop, "ana,email,,subscribed,").added == 0
    assert taken(shop, "ana,email,,subscribed,2026-11-01").added == 1, "since when was not known"


def test_a_row_without_an_instant_is_compared_with_what_the_file_itself_says(shop: Path) -> None:
    taken(shop, "ana,email,,subscribed,2026-10-01")
    rows = ("ana,email,,subscribed,", "ana,email,,unsubscribed,2026-11-01")
    assert taken(shop, *rows).added == 2
    assert members(shop)["readers"] == ["ana"]
    assert taken(shop, *rows, hours=1).added == 0


def test_a_dry_run_writes_nothing(shop: Path) -> None:
    file = given(shop, "ana,email,,subscribed,", "ben,email,,maybe,")
    result = import_consents(shop, file, as_of=AS_OF, dry_run=True, progress=SILENT)
    assert (result.added, len(result.refused), result.written, result.errors_file) == (1, 1, None, None)
    assert sorted(path.name for path in shop.rglob("*")) == ["all.yaml", "campaigns", "engage.yaml", "people.csv"]
    assert not file.with_name("given.csv.errors.csv").exists()


def test_the_file_of_errors_is_that_of_the_last_import(shop: Path) -> None:
    file = given(shop, "ana,email,,maybe,")
    errors = file.with_name("given.csv.errors.csv")
    assert import_consents(shop, file, as_of=AS_OF, progress=SILENT).errors_file == errors
    assert errors.read_text().splitlines()[1].startswith("2,status,")
    assert taken(shop, "ana,email,,subscribed,").errors_file is None
    assert errors.read_text() == "row,code,reason\n"


def test_an_import_that_is_killed_anywhere_is_whole_or_not_there(shop: Path) -> None:
    taken(shop, "ben,email,,unsubscribed,")
    for point in count(1):
        copy = shop.parent / f"killed-{point}" / "shop"
        shutil.copytree(shop, copy)
        killed = run_killed(take, copy, crash_at=str(point))
        assert members(copy, hours=2) in ({"left": ["ben"], "readers": []}, {"left": ["ben"], "readers": ["ana"]})
        take(copy)
        assert members(copy, hours=2) == {"left": ["ben"], "readers": ["ana"]}
        assert len(imported(copy)) == 2, "nothing is there twice, no half file is left"
        assert (copy.parent / "given.csv.errors.csv").read_text().count("\n") == 2
        if not killed:
            break
    assert point > 5


def test_one_import_at_a_time(shop: Path) -> None:
    with holding(lock_path(shop / ".engage" / "state.duckdb")), pytest.raises(LockedError):
        import_consents(shop, given(shop, "ana,email,,subscribed,"), as_of=AS_OF, wait=0.1, progress=SILENT)


def test_builds_look_again_only_at_users_of_new_imports(shop: Path) -> None:
    (shop / "people.csv").write_text("user_id\n" + "".join(f"u{number}\n" for number in range(50)))
    taken(shop, "u1,email,,subscribed,")
    built(shop, 0)
    taken(shop, "u1,email,,unsubscribed,", "u2,email,,subscribed,", hours=1)
    result = built(shop, 2)
    assert result.looked is not None
    assert (result.looked.users, result.looked.audiences) == (2, ("left", "readers"))
    assert [(one.name, one.entered, one.exited) for one in result.audiences] == [("left", 1, 0), ("readers", 1, 1)]


def test_the_first_import_is_no_change_of_definitions(shop: Path) -> None:
    assert built(shop, 0).run is not None
    taken(shop, "ana,email,,subscribed,2026-01-01")
    first = built(shop, 1)
    assert [(one.name, one.entered) for one in first.audiences] == [("left", 0), ("readers", 1)]
    assert all(one.unchanged for one in built(shop, 1).audiences)


@pytest.mark.parametrize("whole", [True, False])
def test_imported_consents_that_are_gone_are_an_error(whole: bool, shop: Path) -> None:
    taken(shop, "ana,email,,subscribed,")
    taken(shop, "ben,email,,subscribed,", hours=1)
    built(shop, 2)
    shutil.rmtree(shop / ".engage/consents") if whole else (shop / ".engage/consents" / imported(shop)[0]).unlink()
    with pytest.raises(DataError, match=r"gone: \.engage/consents/20261123T100000Z-"):
        built(shop, 3)


def test_backups_have_them(shop: Path) -> None:
    taken(shop, "ana,email,,subscribed,")
    built(shop, 1)
    copy = backup(shop, shop.parent / "monday.duckdb")
    later = taken(shop, "ben,email,,subscribed,", hours=2)
    assert later.written is not None
    shutil.rmtree(shop / ".engage")
    restore(shop, copy)
    assert members(shop, hours=3)["readers"] == ["ana"]


def test_a_restored_backup_keeps_what_was_imported_since(shop: Path) -> None:
    taken(shop, "ana,email,,subscribed,")
    built(shop, 1)
    copy = backup(shop)
    taken(shop, "ana,email,,unsubscribed,", hours=2)
    restore(shop, copy)
    assert members(shop, hours=3) == {"left": ["ana"], "readers": []}


def test_the_states_of_a_user_and_of_all(shop: Path) -> None:
    taken(shop, "ana,email,,unsubscribed,2026-11-01", "ana,email,news,subscribed,2026-11-02", "ben,email,,unsubscribed,2026-11-03")
    states = list_consents(shop, user="ana", as_of=AS_OF, progress=SILENT).states
    assert [(one.channel, one.group, one.status, one.state) for one in states] == [
        ("email", None, "unsubscribed", "unsubscribed"),
        ("email", "news", "subscribed", "unsubscribed"),
    ]
    counts = list_consents(shop, user=None, as_of=AS_OF, progress=SILENT).counts
    assert [(one.group, one.status, one.number) for one in counts] == [(None, "unsubscribed", 2), ("news", "subscribed", 1)]
    assert list_consents(shop, user="ben", as_of=AS_OF - timedelta(days=30), progress=SILENT).states == ()
