"""A broadcast killed anywhere, then sent again, equals an undisturbed one. Real processes, really killed."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.broadcasts.shop import call_off, first_run, last_run, write_shop
from tests.broadcasts.test_sending import TESTED
from tests.journeys.shop import files_of
from tests.journeys.test_killed_ticks import snapshot
from tests.state.processes import run_killed
from tests.support.kills import stride

STEP = stride(20)


def make(folder: Path) -> Path:
    """A sale with a test, which takes several runs."""
    return write_shop(folder, TESTED + "throttle: {at_most: 3, per: 1 hour}\n")


@pytest.mark.parametrize(
    ("before", "killed"), [(None, first_run), (first_run, last_run), (first_run, call_off)], ids=["first", "rest", "cancel"]
)
def test_killed_at_any_point_and_run_again_it_is_an_undisturbed_one(
    before: Callable[[Path], None] | None, killed: Callable[[Path], None], tmp_path: Path
) -> None:
    base = make(tmp_path / "base")
    if before is not None:
        before(base)
    whole = shutil.copytree(base, tmp_path / "whole")
    killed(whole)
    expected = snapshot(whole)
    for point in count(1, STEP):
        shop = shutil.copytree(base, tmp_path / f"killed_at_{point}")
        if not run_killed(killed, shop, crash_at=str(point)):
            break
        for path, content in files_of(shop).items():
            if ".part" not in path:
                assert content == expected[0][path], "what has its final name is whole"
        killed(shop)
        assert snapshot(shop) == expected, f"killed at point {point}"
        shutil.rmtree(shop)
    assert point > 10


def test_a_folder_lost_after_the_commit_is_written_again(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    whole = shutil.copytree(shop, tmp_path / "whole")
    first_run(whole)
    assert run_killed(first_run, shop, crash_at="committed")
    for part in (shop / "out/runs").glob("*.part"):
        shutil.rmtree(part)
    first_run(shop)
    assert snapshot(shop) == snapshot(whole)
