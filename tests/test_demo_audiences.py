"""Every audience of the demo project against a hand-written query over the same files (demo_queries/)."""

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.product import members_of_all
from tests.support.queries import HandWritten

ROOT = Path(__file__).parent.parent
QUERIES = Path(__file__).parent / "demo_queries"
AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)


@cache
def built() -> dict[str, list[str]]:
    # A copy, for what `make demo` has left beside the project is none of its data.
    with TemporaryDirectory() as name:
        for part in ("campaigns", "sample_data"):
            shutil.copytree(ROOT / part, Path(name) / part)
        shutil.copy(ROOT / "engage.yaml", name)
        return members_of_all(Path(name), AS_OF)


@cache
def by_hand() -> HandWritten:
    return HandWritten(QUERIES, ROOT)


def test_every_audience_has_a_query() -> None:
    assert HandWritten.names(QUERIES) == sorted(built())


@pytest.mark.parametrize("name", HandWritten.names(QUERIES))
def test_members_are_those_of_the_query(name: str) -> None:
    expected = by_hand().members(name)
    assert built()[name] == expected
    assert expected, "an audience of the demo that is empty shows nothing"
