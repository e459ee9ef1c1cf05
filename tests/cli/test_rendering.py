"""What people see of a result: in a pipe, on a terminal, and what data of somebody else cannot do to either."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engage_cli.cli.failures import described
from engage_cli.cli.render import trait_build
from engage_cli.cli.render.audiences import export_blocks, list_blocks, overlap_blocks, preview_blocks, share_of
from engage_cli.cli.render.blocks import SIGNS, Block, line
from engage_cli.cli.render.build import build_blocks, held_blocks, left_out_blocks, recovered_blocks, sql_blocks
from engage_cli.cli.render.check import check_blocks
from engage_cli.cli.render.data import note_blocks, warning_blocks
from engage_cli.cli.render.documents import instant
from engage_cli.cli.render.errors import error_blocks
from engage_cli.cli.render.explain import explanation_blocks
from engage_cli.cli.render.plain import plain_lines
from engage_cli.cli.render.project import backup_blocks, findings_blocks, init_blocks, restore_blocks
from engage_cli.cli.render.run import plan_blocks, run_blocks
from engage_cli.errors import LockedError, UsageError
from engage_cli.records import field_names, is_record, replace
from engage_cli.service.results.project import InitResult
from engage_cli.source import InvalidError
from tests.cli import results as r
from tests.cli.streams import on_terminal
from tests.conftest import Golden

HERE = Path()
Rendered = Callable[[], Iterable[Block]]

CASES: dict[str, Rendered] = {
    "build": lambda: build_blocks(r.BUILD, HERE),
    "build_synced": lambda: [*left_out_blocks(r.SYNCED), *build_blocks(r.SYNCED, HERE)],
    "build_held": lambda: [*build_blocks(r.HELD, HERE), *held_blocks(r.HELD)],
    "build_again": lambda: build_blocks(r.BUILT_AGAIN, HERE),
    "build_nothing_changed": lambda: build_blocks(r.NOTHING_CHANGED, HERE),
    "build_dry_run": lambda: build_blocks(r.DRY_RUN, HERE),
    "build_many_files": lambda: build_blocks(r.MANY_FILES, HERE),
    "build_messages": lambda: [*recovered_blocks(r.BUILD), *sql_blocks(r.BUILD)],
    "data": lambda: [*warning_blocks(r.DATA, rejects_file="out/rejects.csv", writes=True), *note_blocks(r.DATA)],
    "data_of_a_look": lambda: warning_blocks(r.DATA),
    "list": lambda: list_blocks(r.ROWS),
    "list_empty": lambda: list_blocks(()),
    "preview": lambda: preview_blocks(r.PREVIEW),
    "preview_empty": lambda: preview_blocks(r.EMPTY_PREVIEW),
    "overlap": lambda: overlap_blocks(r.OVERLAP),
    "overlap_with_itself": lambda: overlap_blocks(r.SAME_OVERLAP),
    "export": lambda: export_blocks(r.EXPORT),
    "trait_build": lambda: [*recovered_blocks(r.TRAIT_BUILD), *trait_build.build_blocks(r.TRAIT_BUILD, HERE)],
    "run": lambda: run_blocks(r.RUN, HERE),
    "plan": lambda: plan_blocks(r.PLAN),
    "plan_of_nothing": lambda: plan_blocks(r.PLAN_OF_NOTHING),
    "trait_build_full": lambda: trait_build.build_blocks(replace(r.TRAIT_BUILD, full=True), HERE),
    "trait_build_dry_run": lambda: trait_build.build_blocks(replace(r.TRAIT_BUILD, dry_run=True, run=None, written=()), HERE),
    "explain": lambda: explanation_blocks(r.EXPLANATION),
    "explain_whole": lambda: explanation_blocks(r.EXPLANATION, whole=True),
    "explain_member": lambda: explanation_blocks(r.MEMBER),
    "explain_unknown": lambda: explanation_blocks(r.UNKNOWN),
    "check": lambda: check_blocks(r.CHECKED, r.TEXTS, valid=False),
    "check_clean": lambda: check_blocks(r.CHECKED_CLEAN, {}, valid=True),
    "check_warning": lambda: check_blocks(r.CHECKED_WARNING, r.TEXTS, valid=True),
    "state": lambda: [*backup_blocks("b.duckdb"), *restore_blocks(Path("b.duckdb"), "old.duckdb"), *findings_blocks(())],
    "state_broken": lambda: findings_blocks(r.FINDINGS),
    "init": lambda: init_blocks(InitResult(Path("shop"), ("README.md", "engage.yaml")), "shop", "big_spenders"),
    "error_usage": lambda: error_blocks(UsageError("there is no audience `vip`", hint="did you mean `vips`?"), {}),
    "error_invalid": lambda: error_blocks(InvalidError(r.ISSUES[:2]), r.TEXTS),
    "error_locked": lambda: error_blocks(LockedError("another run holds the state: process 7"), {}),
    "error_bug": lambda: error_blocks(described(KeyError("leaf_7"))[0], {}),
    "error_file": lambda: error_blocks(described(PermissionError(13, "Permission denied", "out/runs"))[0], {}),
    "error_interrupted": lambda: error_blocks(described(KeyboardInterrupt())[0], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pipe_gets_plain_text(case: str, golden: Golden) -> None:
    golden(Path(f"golden/plain/{case}.txt"), "".join(text + "\n" for text in plain_lines(CASES[case]())))


@pytest.mark.parametrize("case", CASES)
def test_a_terminal_gets_colours_and_tables(case: str, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    golden(Path(f"golden/terminal/{case}.txt"), on_terminal(monkeypatch, CASES[case]()))


@pytest.mark.parametrize("case", CASES)
def test_plain_text_is_ascii_where_the_reader_takes_no_more(case: str) -> None:
    drawn = set("".join(SIGNS)) - {" "}
    assert not drawn & set("".join(plain_lines(CASES[case](), signs=False)))


def test_no_color_leaves_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = re.compile(r"ESC\[[0-9;]*3[0-9]")
    assert coloured.search(on_terminal(monkeypatch, CASES["check"]()))
    assert not coloured.search(on_terminal(monkeypatch, CASES["check"](), no_color=True))


def test_a_narrow_terminal_folds_descriptions_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_terminal(monkeypatch, CASES["list"](), width=80)
    assert "abandoned_cart" in shown
    assert "as of  " not in shown
    assert "in the last week" not in shown
    assert "entered" in shown
    assert all(word in shown for word in "Left a cart worth more than 20 in the last week".split())


HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b31m\rover\b\u202egnol\u2066\u200b\x00[bold]x[/]:smile:\udcff\n"
_ALLOWED_ON_TERMINALS = re.compile(r"ESC\[[0-9;]*m")


@pytest.mark.parametrize("case", CASES)
def test_hostile_text_steers_no_terminal(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = {key: poisoned(value) for key, value in vars(r).items() if key.isupper()}
    for key, value in hostile.items():
        monkeypatch.setattr(r, key, value)
    for text in plain_lines(CASES[case]()):
        assert text.isprintable(), text
    shown = _ALLOWED_ON_TERMINALS.sub("", on_terminal(monkeypatch, CASES[case](), width=4000))
    assert all(text.isprintable() for text in shown.splitlines()), shown
    if "[31mred" in shown:
        assert "[bold]x[/]:smile:" in shown


def poisoned(value: Any) -> Any:
    """A result with hostile text put before every text in it."""
    if isinstance(value, str):
        return type(value)(value) if type(value) is not str else HOSTILE + value
    if isinstance(value, Path):
        return Path(HOSTILE.replace("\x00", "") + str(value))
    if isinstance(value, tuple):
        return tuple(poisoned(inner) for inner in value)
    if isinstance(value, dict):
        return {poisoned(key): poisoned(inner) for key, inner in value.items()}
    if is_record(value):
        return replace(value, **{name: poisoned(getattr(value, name)) for name in field_names(value)})
    return value


def test_hostile_text_in_a_bug_steers_no_terminal() -> None:
    told, _ = described(ValueError(HOSTILE))
    assert all(text.isprintable() for text in plain_lines(error_blocks(told, {})))


def test_a_line_break_in_a_value_makes_no_second_line() -> None:
    assert list(plain_lines([line("a\nb")])) == ["a\\u000ab"]


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 10, "0.0%"), (1, 3, "33.3%"), (1, 100000, "<0.1%"), (99999, 100000, ">99.9%"), (3, 3, "100.0%"), (0, 0, "-")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part: int, whole: int, shown: str) -> None:
    assert share_of(part, whole) == shown


def test_instants_are_utc_with_the_digits_they_have() -> None:
    assert instant(datetime.fromisoformat("2026-11-23T10:00:00+01:00")) == "2026-11-23T09:00:00Z"
    assert instant(datetime.fromisoformat("2026-11-23T10:00:00.250000+00:00")) == "2026-11-23T10:00:00.250Z"
