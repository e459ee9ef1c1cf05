"""Law 1 for journeys: ticks of the product and the plain simulator agree on every row. `ENGAGE_EXAMPLES` asks for more cases than CI does.

A case is a journey, the history of a person, and a schedule of ticks. Several journeys and people share a project and its ticks, and so a run.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from tests.generated.backend import FRESH, drawing
from tests.generated.journeys import histories
from tests.reference.journeys import History, simulate
from tests.support.journeys import differences, normal, product_results

CASES = 2 * int(os.environ.get("ENGAGE_EXAMPLES", "1000"))
PARTS = 4
"""The cases are split, so that the cores share them."""
JOURNEYS, PEOPLE = 4, 25


@pytest.mark.parametrize("part", range(PARTS))
def test_ticks_agree(part: int) -> None:
    @drawing(part)
    @settings(
        max_examples=max(1, CASES // PARTS // (JOURNEYS * PEOPLE)),
        backend=FRESH,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(histories(number=JOURNEYS, people=PEOPLE))
    def check(history: History) -> None:
        told = product_results(history)
        for name, expected in simulate(history).items():
            assert differences(normal(expected), told[name]) == []

    check()
