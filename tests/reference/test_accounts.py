"""Accounts, by worked examples: whose events are whose, and what the quantifiers say of those without users or accounts."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.reference.case import Case, evaluate
from tests.reference.dataset import AccountRow, Dataset, Membership, ProfileRow
from tests.reference.examples import AS_OF, done, utc

DATA = Dataset(
    events=[done("View", "2026-03-01 10:00"), done("View", "2026-03-02 10:00", user="ben"), done("Order", "2026-03-03 10:00", user="ben")],
    profiles=[ProfileRow("ann", {"role": "admin"}), ProfileRow("ben", {"role": "user"}), ProfileRow("cat", {"role": "admin"})],
    accounts=[AccountRow("acme", {"plan": "pro"}), AccountRow("solo", {"plan": "free"}), AccountRow("late", {}, utc("2026-04-01 00:00"))],
    memberships=[
        Membership("ann", "acme"),
        Membership("ben", "acme"),
        Membership("ben", "acme"),
        Membership("ben", "blue"),
        Membership("cat", "blue", utc("2026-04-01 00:00")),
    ],
)


def members(condition: Mapping[str, Any], of: str, **named: Mapping[str, Any]) -> set[str]:
    definitions = [*({"audience": name, **one} for name, one in named.items()), {"audience": "asked", "of": of, "members": condition}]
    return evaluate(Case(DATA, definitions, "UTC", utc(AS_OF)))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"everyone": True}, {"acme", "blue", "solo"}),
        ({"trait": "plan", "eq": "pro"}, {"acme"}),
        ({"trait": "account_id", "in": ["blue", "ann"]}, {"blue"}),
        ({"event": "View", "count": 2}, {"acme"}),
        ({"sequence": [{"event": "View"}, {"event": "Order"}]}, {"acme", "blue"}),
        ({"any_user": {"trait": "role", "eq": "admin"}}, {"acme"}),
        ({"all_users": {"event": "View"}}, {"acme", "blue"}),
        ({"all_users": {"trait": "role", "eq": "user"}}, {"blue"}),
        ({"no_user": {"trait": "role", "eq": "admin"}}, {"blue", "solo"}),
        ({"no_user": {"everyone": True}}, {"solo"}),
    ],
)
def test_of_accounts(condition: Mapping[str, Any], found: set[str]) -> None:
    assert members(condition, "accounts") == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"any_account": {"trait": "plan", "eq": "pro"}}, {"ann", "ben"}),
        ({"all_accounts": {"trait": "plan", "eq": "pro"}}, {"ann"}),
        ({"no_account": {"trait": "plan", "eq": "pro"}}, {"cat"}),
        ({"any_account": {"any_user": {"event": "Order"}}}, {"ann", "ben"}),
        ({"any_account": {"audience": "busy"}}, {"ann", "ben"}),
    ],
)
def test_of_users(condition: Mapping[str, Any], found: set[str]) -> None:
    assert members(condition, "users", busy={"of": "accounts", "members": {"event": "View", "count": {"gte": 2}}}) == found
