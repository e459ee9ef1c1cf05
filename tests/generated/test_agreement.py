"""Law 1: the SQL and the plain evaluator agree on every condition. `ENGAGE_EXAMPLES` asks for more examples than CI does."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.generated.backend import FRESH
from tests.generated.files import EVENT_FORMATS, PROFILE_FORMATS, write_project
from tests.generated.strategies import cases
from tests.reference.case import Case, evaluate
from tests.support.product import members_of

EXAMPLES = int(os.environ.get("ENGAGE_EXAMPLES", "1000"))
# The examples are split, so that the cores share them.
PARTS = 4

law = settings(
    max_examples=max(1, EXAMPLES // PARTS),
    backend=FRESH,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def agree(case: Case, event_format: str = "jsonl", profile_format: str = "jsonl", parts: int = 1) -> None:
    """Fail unless both give the same members of the case's last audience."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(case, folder, event_format=event_format, profile_format=profile_format, parts=parts)
        assert members_of(folder, case.definitions[-1]["audience"], case.as_of) == evaluate(case)


@pytest.mark.parametrize("part", range(PARTS))
def test_sql_and_reference_agree(part: int) -> None:
    @law
    @given(cases(), st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS), st.integers(1, 3))
    def check(case: Case, event_format: str, profile_format: str, parts: int) -> None:
        agree(case, event_format, profile_format, parts)

    check()
