"""Kinds of conditions, and the whole way from a case to its members."""

from hashlib import md5
from typing import Any

import pytest

from tests.reference import Case, Dataset, ProfileRow, evaluate, members
from tests.reference.conditions import in_share
from tests.reference.examples import AS_OF, done, utc

USERS = [f"u{i}" for i in range(200)]
EVERYBODY = Dataset(profiles=[ProfileRow(user, {"n": i}) for i, user in enumerate(USERS)])


def members_of(condition: dict[str, Any], *audiences: dict[str, Any]) -> set[str]:
    definitions = [*audiences, {"audience": "asked", "members": condition}]
    return evaluate(Case(EVERYBODY, definitions, "Europe/London", utc(AS_OF)))


def below(number: int) -> dict[str, Any]:
    return {"trait": "n", "lt": number}


def test_combinations() -> None:
    assert members_of({"all": [below(5), {"not": below(3)}]}) == {"u3", "u4"}
    assert members_of({"any": [below(1), {"trait": "n", "eq": 7}]}) == {"u0", "u7"}
    assert members_of({"none": [{"not": below(2)}, {"trait": "n", "eq": 1}]}) == {"u0"}
    assert members_of({"everyone": True}) == set(USERS)
    assert members_of({"not": {"everyone": True}}) == set()


def test_the_id_compares_like_a_trait() -> None:
    assert members_of({"trait": "user_id", "in": ["u1", "u2", "nobody"]}) == {"u1", "u2"}


def test_another_audience_is_evaluated_with_its_own_salt() -> None:
    half = {"audience": "half", "members": {"random": {"percent": 50}}}
    inside = members_of({"audience": "half"}, half)
    assert inside == {user for user in USERS if in_share(user, 50, "half")}
    assert members_of({"random": {"percent": 50}}) == {user for user in USERS if in_share(user, 50, "asked")}
    assert members_of({"random": {"percent": 50, "salt": "half"}}) == inside


def test_random_by_hand() -> None:
    bucket = int(md5(b"x:ann").hexdigest()[:8], 16)
    share = bucket * 100 / 2**32
    assert not in_share("ann", int(share), "x")
    assert in_share("ann", int(share) + 1, "x")
    assert not any(in_share(user, 0, "x") for user in USERS)
    assert all(in_share(user, 100, "x") for user in USERS)
    assert 60 < sum(in_share(user, 50.5, "x") for user in USERS) < 140


def test_a_person_without_events_is_asked_too() -> None:
    dataset = Dataset(events=[done("View", "2026-03-01 12:00")], profiles=[ProfileRow("bob", {})])
    assert members({"event": "View", "never": True}, dataset, utc(AS_OF)) == {"bob"}
    assert members({"event": "View"}, dataset, utc(AS_OF)) == {"ann"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind"):
        members_of({"sql": "select 1"})
