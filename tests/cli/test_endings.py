"""How a command line ends when something is wrong around it: bugs, full disks, closed pipes, Ctrl-C."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engage_cli import __version__
from engage_cli.cli.failures import INTERRUPTED, PIPE_CLOSED
from engage_cli.errors import DataError, ExitCode, LockedError
from engage_cli.source import InvalidError, Issue, Span
from tests.cli.running import Engage

COMMAND = [sys.executable, "-m", "engage_cli"]


def broken(error: BaseException) -> object:
    """Something that is called and raises."""

    def call(*_: object, **__: object) -> None:
        raise error

    return call


@pytest.fixture
def failing(shop: Path, monkeypatch: pytest.MonkeyPatch, engage: Engage) -> object:
    """Runs `engage schema` with a service that raises."""

    def run(error: BaseException, *flags: str) -> object:
        monkeypatch.setattr("engage_cli.service.schema.json_schema", broken(error))
        return engage("schema", *flags)

    return run


ERRORS = {
    "data": (DataError("profiles.csv is not a CSV file", hint="look at it"), ExitCode.INVALID),
    "locked": (LockedError("another run holds the state"), ExitCode.LOCKED),
    "invalid": (InvalidError([Issue("unknown-key", "no key `x`", Span("engage.yaml", 1, 1, 1, 8))]), ExitCode.INVALID),
    "bug": (KeyError("leaf"), ExitCode.FAILED),
    "recursion": (RecursionError("too deep"), ExitCode.FAILED),
    "interrupted": (KeyboardInterrupt(), INTERRUPTED),
    "disk": (OSError(28, "No space left on device", "out/runs"), ExitCode.FAILED),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_has_its_exit_code_and_no_traceback(case: str, failing: object) -> None:
    error, code = ERRORS[case]
    ran = failing(error)  # type: ignore[operator]  # a fixture that is a function
    assert ran.code == code
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert "error: " in ran.err


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_one_document_with_json(case: str, failing: object) -> None:
    error, code = ERRORS[case]
    ran = failing(error, "--json")  # type: ignore[operator]  # a fixture that is a function
    assert ran.document["error"]["exit_code"] == ran.code == code
    assert ran.err == ""


def test_a_bug_says_that_it_is_one_and_where(failing: object) -> None:
    ran = failing(KeyError("leaf"))  # type: ignore[operator]  # a fixture that is a function
    first, hint = ran.err.splitlines()
    assert first.startswith(f"error: this is a bug of engage {__version__}: KeyError: 'leaf' (engage_cli/cli/commands/project.py:")
    assert "report" in hint


def test_a_bug_shows_its_traceback_with_verbose(failing: object) -> None:
    ran = failing(KeyError("leaf"), "--verbose")  # type: ignore[operator]  # a fixture that is a function
    assert "Traceback (most recent call last):" in ran.err


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = subprocess.Popen([*COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout is not None and command.stderr is not None
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() == PIPE_CLOSED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_under_standard_output_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([*COMMAND, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == ExitCode.FAILED
    assert ran.stderr == "error: no space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(closed: str) -> None:
    ran = subprocess.run(f"exec {sys.executable} -m engage_cli schema {closed}", shell=True, capture_output=True, check=False)
    assert ran.returncode == ExitCode.DONE
    assert ran.stderr == b""


def test_a_stream_that_takes_only_ascii_gets_only_ascii() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run([*COMMAND, "chék"], capture_output=True, env=environment, check=False)
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr.isascii()
