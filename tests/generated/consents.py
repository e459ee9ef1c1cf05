"""Strategies for subscription states: rows with and without an instant, many at the same one, and conditions on them."""

from typing import Any

from hypothesis import strategies as st

from tests.generated.pools import Pool
from tests.reference.consents import ConsentRow

CHANNELS = ["email", "email", "email", "sms"]
GROUPS = ["promotions", "promotions", "newsletter"]
STATUSES = ["subscribed", "unsubscribed", "did_not_subscribe"]


@st.composite
def consent_rows(draw: st.DrawFn, pool: Pool, user: st.SearchStrategy[str]) -> list[ConsentRow]:
    """None, or up to twelve rows, of few users, channels, groups and instants."""
    instants = st.one_of(st.none(), st.sampled_from(pool.past), st.sampled_from(pool.instants))
    groups = st.sampled_from([None, None, *GROUPS])
    row = st.builds(ConsentRow, user, st.sampled_from(CHANNELS), st.sampled_from(STATUSES), groups, instants)
    size = draw(st.sampled_from([0, 8, 12]))
    return draw(st.lists(row, min_size=size * 2 // 3, max_size=size))


@st.composite
def consent_conditions(draw: st.DrawFn) -> dict[str, Any]:
    """A condition on a channel or a group, on one state or several; `subscribed` also by leaving it out."""
    asked: dict[str, Any] = {"channel": draw(st.sampled_from(CHANNELS))}
    if draw(st.integers(0, 2)):
        asked["group"] = draw(st.sampled_from(GROUPS))
    states = st.sampled_from([*STATUSES, "none"])
    status = draw(st.one_of(st.none(), states, states, st.lists(states, min_size=1, max_size=3, unique=True)))
    return {"consent": asked if status is None else {**asked, "status": status}}
