"""Strategies for what happens to people: events with ties, several carts a user, change logs, consents; and when ticks see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from tests.generated.journey_pools import CARTS, MICROSECOND, NAMES, PERSON_ZONES, PLANS, USERS, Times, instants
from tests.reference.consents import ConsentRow
from tests.reference.dataset import Dataset, EventRow, ProfileRow

CHANNELS = ["email", "sms"]


@st.composite
def datasets(draw: st.DrawFn, case: Times, people: int, *, dated: bool = True) -> Dataset:
    """So many users, each with a history of their own: events, a change log (or, undated, a snapshot) of profiles, consents."""
    events: list[EventRow] = []
    profiles: list[ProfileRow] = []
    consents: list[ConsentRow] = []
    for number, user in enumerate(USERS[:people]):
        events += draw(_events(case, user, number))
        if dated:
            known = draw(st.lists(instants(case), max_size=4, unique=True))
            profiles += [ProfileRow(user, draw(_traits(case, dated=True)), instant) for instant in known]
        else:
            profiles.append(ProfileRow(user, draw(_traits(case, dated=False))))
        consent = st.builds(
            ConsentRow, st.just(user), st.sampled_from(CHANNELS), st.sampled_from(["subscribed", "unsubscribed"]), st.none(), instants(case)
        )
        consents += draw(st.lists(consent, max_size=2, unique_by=lambda row: (row.channel, row.updated_at)))
    return Dataset(events=events, profiles=profiles, consents=consents)


@st.composite
def _events(draw: st.DrawFn, case: Times, user: str, number: int) -> list[EventRow]:
    """Events of few names at few instants. Their ids are in no order."""
    row = st.tuples(st.integers(0, 15), st.sampled_from(NAMES), instants(case), _properties(case))
    size = draw(st.sampled_from([3, 6, 9, 14]))
    drawn = draw(st.lists(row, min_size=size * 2 // 3, max_size=size))
    return [
        EventRow(user, name, when, properties, f"{digit:x}{number:02}{n:02}") for n, (digit, name, when, properties) in enumerate(drawn)
    ]


def _properties(case: Times) -> st.SearchStrategy[dict[str, Any]]:
    cart = st.sampled_from(CARTS)
    return st.fixed_dictionaries(
        {"cart": st.one_of(cart, cart, cart, cart, cart, cart, st.sampled_from([None, "", ["a", "b"]]))},
        optional={"basket": cart, "total": st.sampled_from([0, 10, 20, 30, "30"]), "at": _dates(case)},
    )


def _traits(case: Times, *, dated: bool) -> st.SearchStrategy[dict[str, Any]]:
    """A profile's traits, in a change log also those that journeys set."""
    return st.fixed_dictionaries(
        {},
        optional={
            "plan": st.sampled_from([*PLANS, None]),
            "timezone": st.sampled_from(PERSON_ZONES),
            "renews_at": _dates(case),
            "points": st.sampled_from([0, 10, 20, 30]),
            **(dict.fromkeys(("tier", "level_j0"), st.sampled_from(["gold", 20, 30, None])) if dated else {}),
        },
    )


@st.composite
def _dates(draw: st.DrawFn, case: Times) -> str:
    """A date or an instant as data writes it, or something that is none."""
    instant = draw(instants(case))
    forms = [instant.strftime("%Y-%m-%d"), instant.strftime("%Y-%m-%dT%H:%M:%SZ"), instant.strftime("%Y-%m-%d %H:%M"), "soon"]
    return draw(st.sampled_from([*forms[:3], *forms[:3], forms[3]]))


@st.composite
def schedules(draw: st.DrawFn, case: Times) -> list[datetime]:
    """One to six ticks, the last of them after everything that is waited for."""
    beside = [instant - MICROSECOND for instant in case.grid[1:3]]
    inner = draw(st.lists(st.sampled_from([*case.grid, *case.grid, *beside]), max_size=5, unique=True))
    return [*sorted(inner), case.end]


@st.composite
def late_arrivals(draw: st.DrawFn, dataset: Dataset, schedule: Sequence[datetime]) -> Mapping[str, int]:
    """By which tick some events, and rows of the change log and of consents, come in that an earlier tick should have had."""
    came_in: dict[str, int] = {}
    rows = [(row.message_id, row.timestamp) for row in dataset.events]
    if draw(st.integers(0, 2)) == 0:
        rows += [(f"profile {n}", row.timestamp) for n, row in enumerate(dataset.profiles) if row.timestamp is not None]
        rows += [(f"consent {n}", row.updated_at) for n, row in enumerate(dataset.consents) if row.updated_at is not None]
    for name, instant in rows:
        first = next((n for n, as_of in enumerate(schedule) if as_of >= instant), len(schedule))
        if first + 1 < len(schedule) and draw(st.integers(0, 2)) == 0:
            assert name is not None
            came_in[name] = draw(st.integers(first + 1, len(schedule) - 1))
    return came_in
