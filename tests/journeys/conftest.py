"""Every worked example of the reference simulator is asked of the product here: its ticks tell the same history, row by row."""

import pytest

from tests.reference import journey_examples
from tests.reference.journeys import History, Results, simulate
from tests.support.journeys import differences, normal, product_results


@pytest.fixture(autouse=True)
def both_agree(monkeypatch):
    """Where an example simulates a history, the product ticks through it, too."""

    def both(history: History) -> dict[str, Results]:
        expected = simulate(history)
        told = product_results(history, check=True)
        for name, results in expected.items():
            assert differences(normal(results), told[name]) == []
        return expected

    monkeypatch.setattr(journey_examples, "simulate", both)
