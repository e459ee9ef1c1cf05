"""Disagreements between the SQL and the plain evaluator that were found on the way, each kept as what it taught."""

from datetime import UTC, datetime

from tests.generated.test_agreement import agree
from tests.reference.case import Case
from tests.reference.dataset import Dataset, EventRow, ProfileRow

AS_OF = datetime(2026, 6, 30, 23, tzinfo=UTC)


def case(members: object, *, events: list[EventRow] | None = None, profiles: list[ProfileRow] | None = None) -> Case:
    """One audience over a few rows."""
    return Case(Dataset(events or [], profiles or []), [{"audience": "asked", "members": members}], "America/New_York", AS_OF)


def test_a_negated_order_of_two_missing_traits_is_true() -> None:
    """The SQL took COALESCE(numbers, instants) for something that is never NULL."""
    condition = {"none": [{"trait": "visits", "gte": {"trait": "limit"}}]}
    agree(case(condition, profiles=[ProfileRow("ana", {"plan": "pro"}), ProfileRow("ben", {"visits": 2, "limit": 1})]))
