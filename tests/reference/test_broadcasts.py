"""The plain model of broadcasts, worked out by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.reference.messages.broadcasts import Broadcast, History, Person, Shop, Variant, Winner, counts, drawn, meant_by
from tests.reference.messages.policy import Consent, World

HOUR = timedelta(hours=1)
LONDON = ZoneInfo("Europe/London")
JOINED = datetime(2026, 1, 1, tzinfo=UTC)
SALE = Broadcast("sale", "email", datetime(2026, 11, 27, 9), ("Joined", timedelta(days=400)))
THREE = (Variant("a", 30), Variant("b", 30), Variant("nobody", 20, control=True))


def person(name: str, zone: str | None = None, *did: tuple[str, datetime, str | None]) -> Person:
    return Person(name, zone, [("Joined", JOINED, None), *did])


def test_the_time_is_the_projects() -> None:
    summer = Broadcast("sale", "email", datetime(2026, 7, 1, 9), SALE.recipients)
    assert SALE.instant(LONDON) == datetime(2026, 11, 27, 9, tzinfo=UTC)
    assert summer.instant(LONDON) == datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Pacific/Kiritimati", "26T19:00"),
        ("Asia/Tokyo", "27T00:00"),
        ("Europe/London", "27T09:00"),
        ("America/Los_Angeles", "27T17:00"),
        ("nowhere", "27T09:00"),
    ],
)
def test_a_local_time_is_the_recipients(zone: str, at: str) -> None:
    local = Broadcast("sale", "email", SALE.wall, SALE.recipients, local=True)
    assert local.instant(LONDON) == datetime(2026, 11, 26, 19, tzinfo=UTC)
    (meant,) = meant_by(local, [person("ana", zone)], LONDON, None)
    assert meant.scheduled_at == meant.send_at == datetime.fromisoformat(f"2026-11-{at}:00+00:00")


def test_recipients_are_those_of_the_instant() -> None:
    at = SALE.instant(LONDON)
    late = Person("ben", None, [("Joined", at + HOUR, None)])
    just = Person("cleo", None, [("Joined", at, None)])
    bought = person("dan", None, ("Bought", at - 23 * HOUR, None))
    sale = Broadcast("sale", "email", SALE.wall, SALE.recipients, exclude=("Bought", timedelta(days=1)))
    found = {one.person.user_id: one.withheld for one in meant_by(sale, [person("ana"), late, just, bought], LONDON, None)}
    assert found == {"ana": None, "cleo": None, "dan": "excluded"}


def test_shares_are_stretches_of_buckets() -> None:
    """A share that grows takes over the people of the next one, and keeps its own."""
    sale = Broadcast("sale", "email", SALE.wall, SALE.recipients, variants=THREE)
    drawn_for = [drawn(sale, person(f"u{number}")) for number in range(2000)]
    shares = {name: sum(one is not None and one.name == name for one in drawn_for) / 20 for name in ("a", "b", "nobody")}
    assert all(abs(shares[one.name] - one.percent) < 4 for one in THREE)
    wider = Broadcast("sale", "email", SALE.wall, SALE.recipients, variants=(Variant("a", 60), *THREE[1:]))
    assert all(
        now is not None and now.name == "a"
        for was, now in zip(drawn_for, (drawn(wider, person(f"u{n}")) for n in range(2000)), strict=True)
        if was in THREE[:2]
    )


def _history(opened: set[str], schedule: list[int]) -> tuple[History, dict[str, list[str]]]:
    """After runs so many hours after nine; who gets what, by variant."""
    sale = Broadcast("sale", "email", SALE.wall, SALE.recipients, variants=THREE, winner=Winner(4 * HOUR, "Email Opened", "b"))
    names = [f"u{number}" for number in range(20)]
    plain = [person(name) for name in names]
    at = sale.instant(LONDON)
    meant = {one.person.user_id: one for one in meant_by(sale, plain, LONDON, None)}
    tested = {name: [one for one in names if meant[one].variant == name] for name in ("a", "b")}
    people = [
        person(name, None, *([("Email Opened", at + HOUR, meant[name].candidate_id)] if meant[name].variant in opened else []))
        for name in names
    ]
    addresses = {(name, "email"): f"{name}@acme.example" for name in names}
    normal = {address: address for address in addresses.values()}
    world = World(addresses, normal, [Consent(name, "email", None, "subscribed", JOINED) for name in names])
    history = History(Shop(world, people, [sale], LONDON))
    for hours in schedule:
        history.run(at + hours * HOUR)
    return history, tested


@pytest.mark.parametrize(
    ("opened", "schedule", "winner"),
    [
        ({"a"}, [0, 4], "a"),
        ({"b"}, [0, 4], "b"),
        (set(), [0, 4], "b"),  # nobody opened any
        ({"a", "b"}, [0, 4], "b"),  # all opened theirs
        ({"a"}, [4], "b"),  # nothing was sent before
    ],
)
def test_the_rest_get_the_variant_that_did_best(opened: set[str], schedule: list[int], winner: str) -> None:
    history, tested = _history(opened, schedule)
    assert all(tested.values())
    assert history.winners == {"sale": winner}
    assert sum(counts(history)["sale"].values()) == 20
    assert counts(history)["sale"].get("waiting", 0) == 0


def test_who_waits_for_the_winner_is_deferred() -> None:
    history, tested = _history(set(), [0, 3])
    found = counts(history)["sale"]
    assert found["sent"] == len(tested["a"]) + len(tested["b"])
    assert found["waiting"] == 20 - found["sent"] - found["control"]
