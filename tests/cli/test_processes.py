"""What only real processes show: Ctrl-C in the middle of a query, and two runs at once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from engage_cli.cli.failures import INTERRUPTED
from engage_cli.errors import ExitCode
from tests.cli.running import Engage

SLOW = """
audience: slow
members:
  sql: >-
    select a.user_id from events a, events b, events c, events d, events e
    where length(a.user_id || b.user_id || c.user_id || d.user_id || e.user_id) > 3 group by a.user_id
"""
"""Hundreds of billions of rows, none of them kept: hours of work without memory or disk."""


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that has read its data and now evaluates."""
    command = [sys.executable, "-m", "engage_cli", *arguments, "--verbose"]
    # Where the tests run in the background of a shell, Ctrl-C is ignored, and what they start would inherit that.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeding)
    try:
        assert process.stderr is not None
        assert any(line.startswith("reading ") for line in process.stderr)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def slow(shop: Path, engage: Engage) -> Path:
    """The starter project, built once, with an audience that takes for ever."""
    assert engage("audience", "build").code == ExitCode.DONE
    (shop / "campaigns" / "audiences" / "slow.yaml").write_text(SLOW)
    return shop


def _files(folder: Path) -> list[Path]:
    """What is there, but for the segments of the event store, which a run brings up to date before it evaluates."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.match("events/events-*.duckdb"))


@pytest.mark.parametrize("command", [["build"], ["preview", "slow"], ["export", "slow", "--output", "slow.csv"]])
def test_ctrl_c_ends_a_command_and_leaves_nothing_half_done(command: list[str], slow: Path, engage: Engage) -> None:
    state, before = slow / ".engage" / "state.duckdb.published", _files(slow)
    published = state.read_bytes()
    with running("audience", *command) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (INTERRUPTED, "")
    assert "error: interrupted\n" in err
    assert "Traceback" not in err
    assert state.read_bytes() == published
    assert engage("state", "check").code == ExitCode.DONE
    assert _files(slow) == before
    assert engage("audience", "build", "win_back").code == ExitCode.DONE


def test_ctrl_c_is_one_document_with_json(slow: Path) -> None:
    with running("audience", "preview", "slow", "--json") as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert '"message": "interrupted"' in out


def test_a_second_run_waits_and_then_names_the_first(slow: Path, engage: Engage) -> None:
    with running("audience", "build") as process:
        ran = engage("audience", "build", "win_back", "--wait", "0.2")
        assert ran.code == ExitCode.LOCKED
        assert f"process {process.pid}" in ran.err
        assert "--wait" in ran.err
        looked = engage("audience", "list")
        assert looked.code == ExitCode.DONE
