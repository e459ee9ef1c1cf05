"""What tests of deliveries share: a key in the environment, and little patience."""

import pytest

from engage_cli.delivery import pace
from tests.delivery.project import KEY


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths of seconds where a delivery waits seconds."""
    monkeypatch.setattr(pace, "FIRST_WAIT", 0.01)
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
