"""A run of everything killed anywhere, in a stage or between two, then run again, equals an undisturbed one. Real processes, really killed."""

import shutil
from itertools import count
from pathlib import Path

import pytest

from tests.journeys.shop import files_of, rows_of
from tests.runs.shop import first_run, make_whole_shop, second_run
from tests.state.processes import run_killed, start
from tests.support.kills import stride

Snapshot = tuple[dict[str, bytes], dict[str, list[tuple[object, ...]]]]
STRIDE = stride(17)
"""Every so many of the points at which a stage can be killed: each stage is tried at all of them by its own tests."""


def snapshot(folder: Path) -> Snapshot:
    """All files and all rows."""
    return files_of(folder), rows_of(folder)


@pytest.fixture(scope="module")
def after_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_whole_shop(tmp_path_factory.mktemp("first") / "shop")
    first_run(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(after_first: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(after_first, folder)
    second_run(folder)
    return snapshot(folder)


def test_a_run_killed_anywhere_and_run_again_is_an_undisturbed_one(after_first: Path, undisturbed: Snapshot, tmp_path: Path) -> None:
    stages_done = set()
    for point in count(1, STRIDE):
        shop = tmp_path / f"killed_at_{point}"
        shutil.copytree(after_first, shop)
        if not run_killed(second_run, shop, crash_at=str(point)):
            break
        stages_done.add(len(list((shop / "out/runs").glob("*Z-????????"))))
        second_run(shop)
        assert snapshot(shop) == undisturbed, f"killed at point {point}"
        shutil.rmtree(shop)
    assert len(stages_done) > 2, "killed in several stages"


def test_two_runs_together_are_one(after_first: Path, undisturbed: Snapshot, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(after_first, shop)
    together = [start(second_run, shop) for _ in range(2)]
    for process in together:
        process.join(120)
        assert process.exitcode == 0
    assert snapshot(shop) == undisturbed
