"""Strategies for datasets: a few users, a few events on instants that matter, values of every kind."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.generated.consents import consent_rows
from tests.generated.pools import (
    BOOLEANS,
    EVENT_NAMES,
    LONG_NUMBERS,
    MICROSECOND,
    MISSING,
    NOT_QUITE_NUMBERS,
    NUMBERS,
    TEXTS,
    USERS,
    ZONES,
    Pool,
    instant_texts,
    past_days_ago,
)
from tests.reference.dataset import Dataset, EventRow, ProfileRow

Values = st.SearchStrategy[Any]

texts: Values = st.sampled_from([*TEXTS[:6], *TEXTS[:6], *TEXTS])
numbers: Values = st.sampled_from(NUMBERS)
booleans: Values = st.sampled_from(BOOLEANS)
codes: Values = st.sampled_from([*LONG_NUMBERS, *NUMBERS, *TEXTS])
scalars: Values = st.sampled_from([*TEXTS, *NUMBERS, *NOT_QUITE_NUMBERS, *BOOLEANS, *MISSING])
scalar_lists: Values = st.lists(scalars, max_size=3)
items: Values = st.fixed_dictionaries({}, optional={"sku": st.sampled_from(TEXTS[:5]), "qty": numbers, "tags": st.lists(texts, max_size=2)})
item_lists: Values = st.lists(st.one_of(items, items, items, scalars), max_size=3)


missing: Values = st.sampled_from(MISSING)
anything: Values = st.one_of(scalars, scalar_lists, item_lists, st.just({}))


def mostly(usual: Values) -> Values:
    """Values of a property: as usual most of the time, missing or of another kind now and then."""
    tenths = [missing, anything, *[usual] * 8]
    return st.integers(0, 9).flatmap(tenths.__getitem__)


def properties(pool: Pool) -> Values:
    """An event's properties. `tests.generated.scopes` knows their names and kinds."""
    cart = st.fixed_dictionaries({}, optional={"total": mostly(numbers), "color": mostly(texts), "items": mostly(item_lists)})
    return st.fixed_dictionaries(
        {
            "amount": mostly(numbers),
            "color": mostly(texts),
            "seen": mostly(instant_texts(pool)),
        },
        optional={
            "flag": mostly(booleans),
            "code": mostly(codes),
            "tags": mostly(scalar_lists),
            "items": mostly(item_lists),
            "cart": mostly(cart),
            "utm.source": mostly(texts),
        },
    )


def traits(pool: Pool) -> Values:
    """A profile's traits. `tests.generated.scopes` knows their names and kinds."""
    address = st.fixed_dictionaries({}, optional={"city": mostly(texts), "zip": mostly(codes)})
    return st.fixed_dictionaries(
        {
            "plan": mostly(texts),
            "age": mostly(numbers),
            "born": mostly(instant_texts(pool)),
            "joined": mostly(instant_texts(pool)),
        },
        optional={
            "points": mostly(numbers),
            "vip": mostly(booleans),
            "code": mostly(codes),
            "likes": mostly(scalar_lists),
            "address": mostly(address),
            "utm.source": mostly(texts),
        },
    )


@st.composite
def datasets(draw: st.DrawFn, pool: Pool) -> Dataset:
    """Two to six users, up to twenty-five rows of events (retries among them), profiles, change logs, people known otherwise."""
    users = draw(st.lists(st.sampled_from(USERS), min_size=2, max_size=draw(st.sampled_from([2, 2, 3, 6])), unique=True))
    user = st.sampled_from([users[0], users[0], *users])
    log = draw(st.lists(_log_rows(pool, user), max_size=5, unique_by=lambda row: (row.user_id, row.timestamp)))
    snapshot = [ProfileRow(user_id, draw(traits(pool))) for user_id in users if draw(st.integers(0, 3))]
    since = st.one_of(st.none(), st.sampled_from(pool.instants))
    return Dataset(
        events=draw(_event_rows(pool, user)),
        profiles=[*snapshot, *log],
        known=draw(st.dictionaries(user, since, max_size=3)),
        events_zone=draw(st.sampled_from(["UTC", "UTC", *ZONES])),
        profiles_zone=draw(st.sampled_from(["UTC", "UTC", *ZONES])),
        consents=draw(consent_rows(pool, user)),
    )


def _log_rows(pool: Pool, user: st.SearchStrategy[str]) -> st.SearchStrategy[ProfileRow]:
    return st.builds(ProfileRow, user, traits(pool), st.sampled_from(pool.instants))


def _timestamps(pool: Pool) -> st.SearchStrategy[datetime]:
    past = st.sampled_from(pool.past)
    return st.one_of(past, past, past_days_ago(pool), past_days_ago(pool), st.sampled_from(pool.instants))


@st.composite
def _event_rows(draw: st.DrawFn, pool: Pool, user: st.SearchStrategy[str]) -> list[EventRow]:
    row = st.builds(EventRow, user, st.sampled_from(EVENT_NAMES), _timestamps(pool), properties(pool))
    size = draw(st.sampled_from([0, 6, 12, 18, 21, 21]))
    drawn = draw(st.lists(st.tuples(row, st.integers(0, 15)), min_size=size * 2 // 3, max_size=size))
    # The first digit of an id is drawn, so that ids are in no order; fifteen stands for no id.
    rows = [replace(row, message_id=None if digit == 15 else f"{digit:x}-{position}") for position, (row, digit) in enumerate(drawn)]
    rows = _with_ids_where_order_counts(rows)
    retries = [draw(_retry(row)) for row in draw(st.lists(st.sampled_from(rows), max_size=4))] if rows else []
    return [*retries, *rows] if draw(st.booleans()) else [*rows, *retries]


def _with_ids_where_order_counts(rows: list[EventRow]) -> list[EventRow]:
    """An id for each row that has none and shares its instant with another: no answer hinges on a row's hash, of an account neither."""
    instants = [row.timestamp for row in rows]
    return [
        replace(row, message_id=f"tie-{position}") if row.message_id is None and instants.count(instant) > 1 else row
        for position, (row, instant) in enumerate(zip(rows, instants, strict=True))
    ]


@st.composite
def _retry(draw: st.DrawFn, row: EventRow) -> EventRow:
    """The same row once more; of one with an id perhaps a later delivery, which says something else."""
    if row.message_id is None or draw(st.booleans()):
        return row
    delay = draw(st.sampled_from([MICROSECOND, timedelta(hours=1), timedelta(days=400)]))
    return replace(row, timestamp=row.timestamp + delay, event=draw(st.sampled_from(EVENT_NAMES)), properties={"amount": 12, "color": "a"})
