"""What the tests of the command line share."""

from pathlib import Path

import pytest

from engage_cli.messaging.unsubscribe import KEY_VARIABLE
from engage_cli.service.init import init
from tests.cli.running import Engage


@pytest.fixture
def engage(capsys: pytest.CaptureFixture[str]) -> Engage:
    """Runs a command line in this process: `engage("check", "--json")`."""
    return Engage(capsys)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh starter project, where the test then is, and a key to sign with."""
    monkeypatch.setenv(KEY_VARIABLE, "the key of the coffee shop")
    folder = tmp_path / "shop"
    init(folder)
    monkeypatch.chdir(folder)
    return folder
