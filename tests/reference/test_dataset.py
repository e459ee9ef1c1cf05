"""Duplicates, the universe, and traits as of an instant."""

from hashlib import md5

from tests.reference.dataset import Dataset, EventRow, ProfileRow, canonical_json, distinct_events, event_row_hash, traits_of, universe
from tests.reference.examples import done, utc


def test_two_events_with_one_id_are_one_the_earliest() -> None:
    rows = [
        done("Late", "2026-03-02 12:00", key="m1"),
        done("Early", "2026-03-01 12:00", key="m1"),
        done("Other", "2026-03-01 12:00", key="m2"),
    ]
    for order in (rows, rows[::-1]):
        assert [event.name for event in distinct_events(Dataset(events=order))] == ["Early", "Other"]


def test_of_one_id_at_one_instant_the_smallest_row_hash_wins() -> None:
    rows = [done("View", "2026-03-01 12:00", {"n": n}, key="m1") for n in range(5)]
    (event,) = distinct_events(Dataset(events=rows))
    assert event.properties == min(rows, key=event_row_hash).properties


def test_events_without_an_id_are_numbered_among_equals() -> None:
    rows = [done("View", "2026-03-01 12:00"), done("View", "2026-03-01 12:00"), done("View", "2026-03-01 12:00", key="")]
    row_hash = event_row_hash(rows[0])
    ids = {md5(f"{row_hash}:{number}".encode()).hexdigest() for number in range(3)}
    assert {event.message_id for event in distinct_events(Dataset(events=rows))} == ids


def test_the_row_hash_is_of_user_name_time_and_properties() -> None:
    row = EventRow("ann", "View", utc("2026-03-01 12:00"), {"b": [1, "é"], "a": None})
    text = 'ann\x1fView\x1f2026-03-01T12:00:00.000000Z\x1f{"a":null,"b":[1,"é"]}'
    assert event_row_hash(row) == md5(text.encode()).hexdigest()
    assert canonical_json(12.5) == "12.5"


def test_the_universe_is_everybody_known_by_as_of() -> None:
    as_of = utc("2026-03-31 12:00")
    dataset = Dataset(
        events=[done("View", "2026-03-31 12:00", user="event"), done("View", "2026-03-31 12:01", user="later event")],
        profiles=[
            ProfileRow("snapshot", {}),
            ProfileRow("log", {"plan": "pro"}, utc("2026-03-31 12:00")),
            ProfileRow("later log", {"plan": "pro"}, utc("2026-03-31 12:01")),
        ],
        known={"member": None, "consented": utc("2026-03-31 12:00"), "later consented": utc("2026-03-31 12:01")},
    )
    assert universe(dataset, as_of) == {"event", "snapshot", "log", "member", "consented"}


def test_a_duplicate_that_is_dropped_makes_nobody_known() -> None:
    rows = [done("View", "2026-03-01 12:00", user="ann", key="m1"), done("View", "2026-03-02 12:00", user="bob", key="m1")]
    assert universe(Dataset(events=rows), utc("2026-03-31 12:00")) == {"ann"}


def test_the_last_value_set_by_as_of_counts_trait_by_trait() -> None:
    rows = [
        ProfileRow("ann", {"plan": "pro", "city": "Rome"}, utc("2026-03-02 12:00")),
        ProfileRow("ann", {"plan": "free", "age": 30}, utc("2026-03-01 12:00")),
        ProfileRow("ann", {"plan": "", "city": None}, utc("2026-03-03 12:00")),
        ProfileRow("ann", {"plan": "vip"}, utc("2026-04-01 12:00")),
        ProfileRow("ann", {"plan": "snapshot", "name": "Ann"}),
        ProfileRow("bob", {"plan": "basic"}, utc("2026-03-30 12:00")),
    ]
    expected = {"plan": "pro", "city": "Rome", "age": 30, "name": "Ann"}
    for order in (rows, rows[::-1]):
        assert traits_of(Dataset(profiles=order), "ann", utc("2026-03-31 12:00")) == expected
    assert traits_of(Dataset(profiles=rows), "ann", utc("2026-03-01 12:00"))["plan"] == "free"
    assert traits_of(Dataset(profiles=rows), "ann", utc("2026-02-01 12:00"))["plan"] == "snapshot"
