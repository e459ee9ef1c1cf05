"""Subscription states, and what a condition asks of them."""

from typing import Any

import pytest

from tests.reference import ConsentRow, Dataset, members
from tests.reference.consents import consent_row_hash, states_of
from tests.reference.examples import utc

AS_OF = utc("2026-03-31 12:00")


def holds(asked: dict[str, Any], *rows: ConsentRow) -> bool:
    return "ann" in members({"consent": {"channel": "email", **asked}}, Dataset(consents=rows, known={"ann": None}), AS_OF)


def said(status: str, group: str | None = None, at: str | None = None, channel: str = "email") -> ConsentRow:
    return ConsentRow("ann", channel, status, group, utc(at) if at else None)


def test_without_a_row_there_is_no_state() -> None:
    assert holds({"status": "none"})
    assert not any(holds({"status": status}) for status in ("subscribed", "unsubscribed", "did_not_subscribe"))
    assert holds({"status": ["subscribed", "none"]})
    assert holds({"status": "none"}, said("subscribed", channel="sms"))
    assert holds({"status": "none"}, said("subscribed", "promotions")), "a group's row says nothing of the channel"


def test_subscribed_is_what_is_asked_by_default() -> None:
    assert holds({}, said("subscribed"))
    assert not holds({}, said("did_not_subscribe"))


@pytest.mark.parametrize(
    ("whole", "own", "state"),
    [
        ("unsubscribed", "subscribed", "unsubscribed"),
        ("unsubscribed", None, "unsubscribed"),
        ("subscribed", "unsubscribed", "unsubscribed"),
        ("subscribed", "did_not_subscribe", "did_not_subscribe"),
        ("did_not_subscribe", "subscribed", "subscribed"),
        ("subscribed", None, "subscribed"),
        ("did_not_subscribe", None, "did_not_subscribe"),
        (None, "subscribed", "subscribed"),
        (None, None, "none"),
    ],
)
def test_a_group_is_as_its_row_says_unless_the_channel_was_left(whole: str | None, own: str | None, state: str) -> None:
    rows = [said(status, group) for status, group in ((whole, None), (own, "promotions")) if status]
    assert holds({"group": "promotions", "status": state}, *rows)


def test_the_last_row_by_as_of_counts() -> None:
    rows = [
        said("unsubscribed", at="2026-03-31 12:00"),
        said("subscribed", at="2026-01-01 12:00"),
        said("did_not_subscribe"),
        said("subscribed", at="2026-04-01 12:00"),
    ]
    for order in (rows, rows[::-1]):
        assert states_of(order, "ann", AS_OF) == {("email", None): "unsubscribed"}
        assert states_of(order, "ann", utc("2026-02-01 12:00")) == {("email", None): "subscribed"}
        assert states_of(order, "ann", utc("2025-02-01 12:00")) == {("email", None): "did_not_subscribe"}


@pytest.mark.parametrize("at", [None, "2026-03-01 12:00"])
def test_at_one_instant_the_greatest_row_hash_wins(at: str | None) -> None:
    rows = [said(status, at=at) for status in ("subscribed", "unsubscribed", "did_not_subscribe")]
    winner = max(rows, key=consent_row_hash)
    for order in (rows, rows[::-1]):
        assert states_of(order, "ann", AS_OF) == {("email", None): winner.status}
