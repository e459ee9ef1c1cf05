"""Law 1 for journeys where much happens at one instant: the product and the plain simulator agree on what comes before what.

`ENGAGE_EXAMPLES` asks for more cases than CI does. A journey that is drawn may be refused: where an exit takes every event that a hold waits
for, or where conditions and sets hinge on each other; both are seldom.
"""

import os

from hypothesis import HealthCheck, given, settings

from engage_cli.errors import EngageError
from engage_cli.source import InvalidError
from tests.generated.backend import FRESH, drawing
from tests.generated.crowded import crowded_histories
from tests.reference.journeys import History, simulate
from tests.support.journeys import differences, normal, product_results

EXAMPLES = max(1, int(os.environ.get("ENGAGE_EXAMPLES", "1000")) // 50)
PEOPLE = 12


def test_everything_at_one_instant_has_its_turn() -> None:
    refused = []

    @drawing(0)
    @settings(
        max_examples=EXAMPLES,
        backend=FRESH,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(crowded_histories(PEOPLE))
    def check(history: History) -> None:
        try:
            told = product_results(history)
        except EngageError as error:
            assert isinstance(error, InvalidError) or "hinge on each other" in str(error)
            refused.append(error)
            return
        for name, expected in simulate(history).items():
            assert differences(normal(expected), told[name]) == []

    check()
    assert len(refused) <= EXAMPLES // 5
