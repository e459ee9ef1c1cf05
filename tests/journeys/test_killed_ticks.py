"""A tick killed anywhere, then run again, equals an undisturbed one. Real processes, really killed."""

import os
import random
import shutil
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.journeys.shop import files_of, first_tick, make_shop, only_tick, rows_of, second_tick
from tests.state.processes import run_killed, start
from tests.support.kills import stride

LANES = 2
KILLS = int(os.environ.get("ENGAGE_KILLS", "8"))
"""How often a tick is killed at random; `make kills` asks for 500."""
STRIDE = stride(8)
Snapshot = tuple[dict[str, bytes], dict[str, list[tuple[object, ...]]]]


def snapshot(folder: Path) -> Snapshot:
    """All files and all rows."""
    return files_of(folder), rows_of(folder)


@pytest.fixture(scope="module")
def after_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_shop(tmp_path_factory.mktemp("first") / "shop")
    first_tick(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(after_first: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(after_first, folder)
    second_tick(folder)
    return snapshot(folder)


def kill_at_points(lane: int, folder: Path, run: Callable[[Path], None], base: Path, expected: Snapshot) -> int:
    """Kill `run` at the crash points of a lane, and run it again each time; how many points there were."""
    for point in count(lane * STRIDE + 1, LANES * STRIDE):
        shop = folder / f"killed_at_{point}"
        shutil.copytree(base, shop)
        if not run_killed(run, shop, crash_at=str(point)):
            return point - 1
        for path, content in files_of(shop).items():
            if ".part" not in path:
                assert content == expected[0][path], "what has its final name is whole"
        run(shop)
        assert snapshot(shop) == expected, f"killed at point {point}"
        shutil.rmtree(shop)
    raise AssertionError


@pytest.mark.parametrize("lane", range(LANES))
def test_a_tick_killed_at_any_point_and_run_again_is_an_undisturbed_one(
    lane: int, after_first: Path, undisturbed: Snapshot, tmp_path: Path
) -> None:
    assert len(undisturbed[0]) > 4
    assert kill_at_points(lane, tmp_path, second_tick, after_first, undisturbed) > 20


@pytest.mark.parametrize("lane", range(LANES))
def test_the_first_tick_killed_at_any_point_and_run_again_is_an_undisturbed_one(lane: int, tmp_path: Path) -> None:
    whole = make_shop(tmp_path / "undisturbed")
    only_tick(whole)
    base = make_shop(tmp_path / "base")
    assert kill_at_points(lane, tmp_path, only_tick, base, snapshot(whole)) > 20


@pytest.mark.parametrize("lane", range(LANES))
def test_a_tick_killed_at_any_moment_and_run_again_is_an_undisturbed_one(
    lane: int, after_first: Path, undisturbed: Snapshot, tmp_path: Path
) -> None:
    chosen = random.Random(2026 + lane)
    for attempt in range(KILLS // LANES):
        shop = tmp_path / f"attempt_{attempt}"
        shutil.copytree(after_first, shop)
        process = start(second_tick, shop)
        time.sleep(chosen.uniform(0.05, 1.2))
        process.kill()
        process.join()
        second_tick(shop)
        assert snapshot(shop) == undisturbed
        shutil.rmtree(shop)


def test_two_ticks_together_are_one(after_first: Path, undisturbed: Snapshot, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(after_first, shop)
    together = [start(second_tick, shop) for _ in range(2)]
    for process in together:
        process.join(120)
        assert process.exitcode == 0
    assert snapshot(shop) == undisturbed


def test_parts_lost_after_the_commit_are_written_again(after_first: Path, undisturbed: Snapshot, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(after_first, shop)
    assert run_killed(second_tick, shop, crash_at="committed")
    for part in (shop / "out/runs").glob("*.part"):
        shutil.rmtree(part)
    second_tick(shop)
    assert snapshot(shop) == undisturbed


def test_again_changes_nothing(after_first: Path, undisturbed: Snapshot, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(after_first, shop)
    second_tick(shop)
    second_tick(shop)
    assert snapshot(shop) == undisturbed
