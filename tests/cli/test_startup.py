"""A bare `engage --help` imports nothing that it does not need. How long it takes is printed (`pytest -s`), not asserted."""

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from tests.cli.running import Engage

HEAVY = {"duckdb", "jinja2", "msgspec", "numpy", "pandas", "pyarrow", "pydantic", "pygments", "rich", "sqlglot", "yaml"}
NOT_FOR_A_TICK = {
    "engage_cli.messaging.build",
    "engage_cli.sql.compile",
    "engage_cli.sql.moments",
    "numpy",
    "pyarrow",
    "pydantic",
    "pygments",
    "rich",
    "scipy",
    "sqlite3",
}
OURS_NOT_FOR_A_TICK = {"audience", "broadcasts", "build", "explain", "look", "reports", "run", "simulate"}
"""The packages of the product, and the modules of `service`, that an idle tick does without: it compiles nothing, neither SQL nor templates."""
OURS = {
    "engage_cli",
    "engage_cli.cli",
    "engage_cli.cli.app",
    "engage_cli.cli.command",
    "engage_cli.cli.commands",
    "engage_cli.cli.commands.audience",
    "engage_cli.cli.commands.broadcast",
    "engage_cli.cli.commands.consent",
    "engage_cli.cli.commands.deliver",
    "engage_cli.cli.commands.forget",
    "engage_cli.cli.commands.identity",
    "engage_cli.cli.commands.journey",
    "engage_cli.cli.commands.project",
    "engage_cli.cli.commands.run",
    "engage_cli.cli.commands.shown",
    "engage_cli.cli.commands.state",
    "engage_cli.cli.commands.store",
    "engage_cli.cli.commands.template",
    "engage_cli.cli.commands.trait",
    "engage_cli.cli.entry",
    "engage_cli.cli.failures",
    "engage_cli.cli.options",
    "engage_cli.cli.output",
    "engage_cli.cli.reading",
    "engage_cli.errors",
    "engage_cli.source",
}
_IMPORTED = """
import sys
sys.argv = ["engage", {arguments}]
try:
    from engage_cli.cli import main
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported_by(*arguments: str) -> set[str]:
    """The modules that a command line imports."""
    code = _IMPORTED.format(arguments=", ".join(map(repr, arguments)))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


def ours(modules: set[str]) -> set[str]:
    """Those of the product."""
    return {module for module in modules if module.split(".")[0] == "engage_cli"}


def test_help_imports_only_the_command_line() -> None:
    modules = imported_by("--help")
    assert not HEAVY & modules
    assert ours(modules) == OURS


def test_the_help_of_a_command_imports_no_more() -> None:
    assert ours(imported_by("audience", "build", "--help")) == OURS


def test_the_version_imports_no_more() -> None:
    assert ours(imported_by("--version")) == OURS


def test_a_result_in_a_pipe_needs_no_rich() -> None:
    assert not {"rich", "duckdb", "pygments"} & imported_by("schema")


JOURNEY = """journey: welcome
status: live
entry: {on: {event: Never Seen}, since: 2026-01-01}
steps: [{delay: 1 day}, {set: welcomed, to: true}]
"""


def test_an_idle_tick_imports_nothing_for_other_commands(shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "journeys").mkdir(exist_ok=True)
    (shop / "campaigns" / "journeys" / "welcome.yaml").write_text(JOURNEY)
    assert engage("journey", "tick", "--as-of", "2026-11-28T10:00Z").code == 0
    modules = imported_by("journey", "tick", "--as-of", "2026-11-28T11:00Z", "--json", "--project", str(shop))
    assert not NOT_FOR_A_TICK & modules
    parts = {tuple(module.split(".")[1:]) for module in ours(modules)}
    assert not OURS_NOT_FOR_A_TICK & {part[-1] for part in parts if part[:1] == ("service",)}
    assert not OURS_NOT_FOR_A_TICK & {part[0] for part in parts if part}


def test_a_build_of_audiences_imports_nothing_for_messages(shop: Path) -> None:
    modules = imported_by("audience", "build", "--as-of", "2026-11-28T10:00Z", "--json", "--project", str(shop))
    assert "engage_cli.outputs.calls" in modules, "it has written"
    assert not {"jinja2", "engage_cli.messaging.template", "engage_cli.outputs.messages"} & modules


def test_how_long_help_takes() -> None:
    command = [sys.executable, "-m", "engage_cli", "--help"]
    seconds = []
    for _ in range(5):
        before, begun = os.times(), perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        after = os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        seconds.append((perf_counter() - begun, processor))
    wall, processor = min(seconds)
    print(f"\nengage --help: {wall * 1000:.0f} ms, of them {processor * 1000:.0f} ms of processor (the best of {len(seconds)})")
