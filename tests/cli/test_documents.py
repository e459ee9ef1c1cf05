"""`--json`: every result is one document that a program can rely on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engage_cli.cli.render import documents as d
from engage_cli.cli.render import trait_build
from engage_cli.cli.render.errors import error_document
from engage_cli.errors import ExitCode, UsageError
from engage_cli.service.results.project import InitResult
from engage_cli.source import InvalidError
from tests.cli import results as r
from tests.conftest import Golden

CASES: dict[str, Callable[[], d.Json]] = {
    "build": lambda: d.build_document(r.BUILD),
    "build_verbose": lambda: d.build_document(r.BUILD, verbose=True),
    "build_synced": lambda: d.build_document(r.HELD),
    "build_dry_run": lambda: d.build_document(r.DRY_RUN),
    "list": lambda: d.list_document(r.ROWS),
    "preview": lambda: d.preview_document(r.PREVIEW),
    "overlap": lambda: d.overlap_document(r.OVERLAP),
    "export": lambda: d.export_document(r.EXPORT, "members"),
    "export_members": lambda: d.export_document(r.EXPORT_LINES, "members"),
    "trait_build": lambda: trait_build.build_document(r.TRAIT_BUILD),
    "explain": lambda: d.explanation_document(r.EXPLANATION),
    "explain_unknown": lambda: d.explanation_document(r.UNKNOWN),
    "check": lambda: d.check_document(r.CHECKED, valid=False),
    "check_clean": lambda: d.check_document(r.CHECKED_CLEAN, valid=True),
    "state_check": lambda: d.findings_document(r.FINDINGS),
    "init": lambda: d.init_document(InitResult(Path("shop"), ("engage.yaml",))),
    "error_usage": lambda: error_document(UsageError("there is no audience `vip`", hint="did you mean `vips`?"), ExitCode.USAGE),
    "error_invalid": lambda: error_document(InvalidError(r.ISSUES), ExitCode.INVALID),
}


@pytest.mark.parametrize("case", CASES)
def test_the_document_of_a_result(case: str, golden: Golden) -> None:
    text = d.json_text(CASES[case]())
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    golden(Path(f"golden/json/{case}.json"), text + "\n")


def test_nothing_in_a_document_steers_a_terminal() -> None:
    hostile = "\x1b[31m\x9b\u202e\u2066\U000e0001\udcff\x00é✓😀"
    text = d.json_text({"name": hostile})
    assert text.replace("\n", "").isprintable()
    assert json.loads(text) == {"name": hostile}
    assert "é✓😀" in text
