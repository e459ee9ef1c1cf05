"""What the tests of runs share."""

from pathlib import Path

import pytest

from tests.cli.running import Engage
from tests.runs.shop import make_whole_shop


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A fresh shop."""
    return make_whole_shop(tmp_path / "shop")


@pytest.fixture
def engage(capsys: pytest.CaptureFixture[str]) -> Engage:
    """Runs a command line in this process."""
    return Engage(capsys)
