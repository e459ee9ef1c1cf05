"""Ticks on disks that are full or read-only, and on states of earlier versions: an error that says so, or all of it; never half."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engage_cli.state.migrations import MIGRATIONS
from engage_cli.state.store import open_state
from tests.journeys.shop import (
    asked,
    files_of,
    first_tick,
    make_shop,
    only_tick,
    rows_of,
    second_tick,
    second_tick_as_nobody,
    second_tick_with_small_files,
)
from tests.state.earlier import FIRST_WITH_JOURNEYS, make_earlier
from tests.state.engine import make_engine
from tests.state.processes import start

WITH_MESSAGES = 7
"""The first version that keeps what became of messages."""


@pytest.fixture(scope="module")
def after_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = make_shop(tmp_path_factory.mktemp("first") / "shop")
    first_tick(shop)
    return shop


@pytest.fixture(scope="module")
def undisturbed(after_first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(after_first, shop)
    second_tick(shop)
    return shop


@pytest.mark.parametrize("size", [0, 500, 60_000, 500_000, 2_000_000])
def test_a_full_disk_is_explained_and_the_next_tick_is_as_if_nothing_had_been(
    after_first: Path, undisturbed: Path, tmp_path: Path, size: int
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(after_first, shop)
    process = start(second_tick_with_small_files, shop, size)
    process.join(60)
    assert process.exitcode in (0, 3), "either it says what is wrong, or the limit is none"
    second_tick(shop)
    assert files_of(shop) == files_of(undisturbed)
    assert rows_of(shop) == rows_of(undisturbed)
    assert not list(shop.rglob("*.part*"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder whose parents everybody may pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("read_only", [".engage", "out/runs"])
def test_a_read_only_folder_is_explained_and_changes_nothing(
    after_first: Path, undisturbed: Path, open_folder: Path, read_only: str
) -> None:
    shop = open_folder / "shop"
    shutil.copytree(after_first, shop)
    (shop / "out/runs").mkdir(parents=True, exist_ok=True)
    for path in [shop, *shop.rglob("*")]:
        path.chmod(0o777)
    target = shop / read_only
    for path in [target, *target.rglob("*")] if read_only == ".engage" else [target]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = files_of(shop), rows_of(shop)
    process = start(second_tick_as_nobody, shop)
    process.join(60)
    assert process.exitcode == 0
    assert (files_of(shop), rows_of(shop)) == before
    for path in [target, *target.rglob("*")]:
        path.chmod(0o777)
    second_tick(shop)
    assert rows_of(shop) == rows_of(undisturbed)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ticked once, in a project whose state is made on the way."""
    shop = make_shop(tmp_path_factory.mktemp("fresh") / "shop")
    only_tick(shop)
    return shop


@pytest.mark.parametrize("version", [migration.version for migration in MIGRATIONS[:-1]])
def test_a_state_of_an_earlier_version_is_ticked_as_a_new_one_is(version: int, fresh: Path, tmp_path: Path) -> None:
    earlier = make_shop(tmp_path / "earlier")
    with make_engine(earlier) as engine:
        open_state(engine, earlier / ".engage/state.duckdb", tool_version="1.0.0", migrations=MIGRATIONS[:version]).close()
    only_tick(earlier)
    assert (earlier / f".engage/state.duckdb.version-{version}").exists()
    assert files_of(earlier) == files_of(fresh)
    rows = [{table: found for table, found in rows_of(shop).items() if table != "migration"} for shop in (fresh, earlier)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("version", range(FIRST_WITH_JOURNEYS, len(MIGRATIONS)))
def test_people_in_flight_go_on_from_a_state_of_an_earlier_version(
    version: int, after_first: Path, undisturbed: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(after_first, shop)
    for path in (shop / ".engage").glob("state.duckdb*"):
        path.unlink()
    make_earlier(after_first / ".engage/state.duckdb", shop / ".engage/state.duckdb", version)
    second_tick(shop)
    assert (shop / f".engage/state.duckdb.version-{version}").exists()
    assert files_of(shop) == files_of(undisturbed)
    rows, expected = ({table: found for table, found in rows_of(one).items() if table != "migration"} for one in (shop, undisturbed))
    assert len(expected["instance"]) == 5
    assert len(expected["transition"]) > 15
    if version < WITH_MESSAGES:  # what was sent then is known, but not to which address, in which zone and by which text
        for known, told in ((rows, shop), (expected, undisturbed)):
            known["candidate"] = asked(told, "SELECT * EXCLUDE (zone) FROM candidate ORDER BY ALL")
            known["message"] = asked(told, "SELECT * EXCLUDE (address_hash) FROM message ORDER BY ALL")
            known["template_edition"] = asked(told, "SELECT edition, template, texts, setting FROM template_edition ORDER BY ALL")
    assert rows == expected
