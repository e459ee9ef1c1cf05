"""Law 1: the SQL and the plain evaluator agree on every condition. `ENGAGE_EXAMPLES` asks for more audiences than CI does."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.generated.backend import FRESH, drawing
from tests.generated.files import EVENT_FORMATS, PROFILE_FORMATS, write_project
from tests.generated.strategies import cases, many_audiences
from tests.reference.case import Case, evaluate, evaluate_all
from tests.support.product import members_of, members_of_all

EXAMPLES = int(os.environ.get("ENGAGE_EXAMPLES", "350"))
"""Audiences in all, of which most share their data with nine others."""
PARTS = 4
"""The examples are split, so that the cores share them."""
TOGETHER = 10


def law(examples: int) -> settings:
    """So many fresh examples, in each part."""
    return settings(
        max_examples=max(1, examples // PARTS),
        backend=FRESH,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def agree(case: Case, event_format: str = "jsonl", profile_format: str = "jsonl", parts: int = 1) -> None:
    """Fail unless both give the same members of the case's last audience, by the query that `audience sql` shows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(case, folder, event_format=event_format, profile_format=profile_format, parts=parts)
        assert members_of(folder, case.definitions[-1]["audience"], case.as_of) == evaluate(case)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_build_of_many_audiences_agrees(part: int) -> None:
    @drawing(part)
    @law(EXAMPLES * 6 // 7 // TOGETHER)
    @given(many_audiences(number=TOGETHER), st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS), st.integers(1, 3))
    def check(case: Case, event_format: str, profile_format: str, parts: int) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(case, folder, event_format=event_format, profile_format=profile_format, parts=parts)
            built = members_of_all(folder, case.as_of)
            assert {audience: set(members) for audience, members in built.items()} == evaluate_all(case)

    check()


@pytest.mark.parametrize("part", range(PARTS))
def test_the_query_of_one_audience_agrees(part: int) -> None:
    @drawing(part)
    @law(EXAMPLES // 7)
    @given(cases(), st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS), st.integers(1, 3))
    def check(case: Case, event_format: str, profile_format: str, parts: int) -> None:
        agree(case, event_format, profile_format, parts)

    check()
