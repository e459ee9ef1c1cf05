"""What every test can use: golden files, rewritten by `pytest --update-goldens`; and generated cases that no slow machine fails."""

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.threads import run_on_one_thread

Golden = Callable[[Path, str], None]

# No test asserts a time, so none of hypothesis does. The same cases at every run; other ones where `ENGAGE_EXAMPLES` asks for a search.
settings.register_profile(
    "engage", deadline=None, derandomize="ENGAGE_EXAMPLES" not in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("engage")
run_on_one_thread()

# Tests start hundreds of processes, each of which would compile all modules anew where the environment forbids to keep them compiled.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="rewrite the golden files that tests compare with")


LONG = (
    "store/test_every_audience.py",
    "engine/test_scale.py",
    "generated/test_journey_agreement.py",
    "store",
    "generated",
    "journeys",
    "docs",
)
"""Files and folders of tests that take long, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: a long test at the end has one worker work and the others wait."""
    folder = Path(__file__).parent
    rank = {
        path: next((at for at, long in enumerate(LONG) if path.is_relative_to(folder / long)), len(LONG))
        for path in {item.path for item in items}
    }
    items.sort(key=lambda item: rank[item.path])


def pytest_collection_finish() -> None:
    """Look for cycles as seldom as the command does: modules and thousands of tests are never garbage, and looking at them takes time."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


@pytest.fixture(autouse=True)
def no_signing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the key of whoever runs the tests nor that of a test before signs links."""
    monkeypatch.delenv("ENGAGE_UNSUBSCRIBE_KEY", raising=False)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with a golden file (a path from the test's folder, or a whole one), or rewrites the file."""
    update = request.config.getoption("--update-goldens")
    folder = request.path.parent

    def compare(path: Path, actual: str) -> None:
        file = folder / path
        if update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(actual, encoding="utf-8", newline="\n")
            return
        assert file.exists(), f"{file} is missing; `pytest --update-goldens` writes it"
        assert actual == file.read_text(encoding="utf-8"), f"{file} differs; if the new text is right, run `pytest --update-goldens`"

    return compare
