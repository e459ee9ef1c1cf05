"""The demo's fortnight: daily ticks and one tick give one history, and what differs is said."""

import re
from pathlib import Path

import pytest

from sample_data.fortnight import END, HISTORY, SHOWN, Rows, history_of, main, make_project, side_by_side, tick

ROOT = Path(__file__).parents[1]


def test_daily_ticks_and_one_tick_give_the_same_history(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(days=2) == 0
    assert re.search(
        r"^2 daily ticks and one tick over the 2 days: the same history, [1-9]\d{3,} rows compared", capsys.readouterr().out, re.M
    )


def test_what_differs_is_said() -> None:
    same: Rows = {name: [("carts", name)] for name in HISTORY}
    other = {**same, "moves": [("carts", "another")]}
    *table, differ, moves = side_by_side(same, other, 14)
    assert table[-1].split() == ["carts", "1", "1", "1", "1", "1", "1", "1", "1"]
    assert differ.endswith("the histories DIFFER")
    assert moves == "  2 rows of moves, such as ('carts', 'another')"


def test_the_readme_shows_the_history_of_the_fortnight(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    make_project(folder)
    tick(folder, END)
    history = history_of(folder)
    block = re.search(r"^```text fortnight\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    *shown, verdict = block[1].splitlines()
    assert shown == list(side_by_side(history, history, 14))[:-1]
    assert verdict.split(", ", 1)[1] == f"{sum(map(len, history.values()))} rows compared one by one are equal"


def test_every_run_of_the_demo_has_a_fixed_instant() -> None:
    demo = re.search(r"^demo:.*?\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert demo is not None
    runs = [line for line in demo[1].splitlines() if re.search(r"/engage (?!check)", line)]
    assert runs
    assert all("--as-of $(DEMO_AS_OF)" in line for line in runs)
    assert f"DEMO_AS_OF := {END:%Y-%m-%dT%H:%M:%S}Z" in (ROOT / "Makefile").read_text()
    assert len(SHOWN) == 4
