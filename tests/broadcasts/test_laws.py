"""Over generated people, caps, broadcasts and clocks, under any schedule of runs: the product does as the plain model, and holds the laws."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.broadcasts.selling import candidates_of, decided_of, run, write_shop, written_in
from tests.reference.messages.broadcasts import Broadcast, History, Person, Shop, Variant, Winner, counts, meant_by, zone_of
from tests.reference.messages.policy import Cap, Consent, World
from tests.reference.messages.quiet import is_quiet

START = datetime(2026, 10, 23, tzinfo=UTC)
"""Two days before the clocks go back in Europe."""
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
USERS = [f"u{number}" for number in range(7)]
ADDRESSES = ["a@acme.example", "b@acme.example", "c@acme.example", "d@acme.example", "nobody", None]
NORMAL = {address: address for address in ADDRESSES[:4] if address is not None}
ZONES = ["Pacific/Kiritimati", "Asia/Tokyo", "Europe/London", "America/Los_Angeles", "nowhere", None]
CAPS = [Cap(1, DAY, "email"), Cap(2, 12 * HOUR), Cap(3, 7 * DAY)]
END = START + 9 * DAY
"""By then everybody's time has come."""

_hours = st.integers(-30, 60).map(lambda hours: START + hours * HOUR)


@dataclass(frozen=True)
class Case:
    """A shop, and when its runs are."""

    shop: Shop
    schedule: list[datetime]


@st.composite
def broadcasts(draw: st.DrawFn, name: str) -> Broadcast:
    """A broadcast with a test, one with a winner, or a plain one."""
    winner = draw(st.sampled_from([None, Winner(4 * HOUR, "Email Opened", "b"), Winner(30 * HOUR, "Bought", "a", is_goal=True)]))
    shares = draw(st.sampled_from([(30, 30, 20), (20, 40, 10)] if winner else [(), (40, 40, 20), (0, 50, 50)]))
    variants = tuple(Variant(one, share, one == "nobody") for one, share in zip(("a", "b", "nobody"), shares, strict=False))
    return Broadcast(
        name,
        "email",
        (START + draw(st.integers(0, 40)) * HOUR).replace(tzinfo=None),
        ("Joined", 60 * DAY),
        draw(st.booleans()),
        draw(st.sampled_from([None, ("Bought", 2 * DAY)])),
        variants,
        winner,
        draw(st.sampled_from([None, 3 * HOUR])),
        draw(st.sampled_from([None, (1, HOUR), (2, 6 * HOUR)])),
        draw(st.sampled_from([None, "promotions"])),
        draw(st.sampled_from(["marketing", "marketing", "transactional"])),
        draw(st.sampled_from([0, 5])),
        draw(st.sampled_from([24 * HOUR, 24 * HOUR, 6 * HOUR])),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few people with few addresses, so that they share them; broadcasts so close to each other that caps matter."""
    people = []
    for user in USERS:
        did = [("Joined", START - draw(st.sampled_from([40, 40, 70])) * DAY, None)]
        did += [("Bought", at, None) for at in draw(st.lists(_hours, max_size=2, unique=True))]
        people.append(Person(user, draw(st.sampled_from(ZONES)), did))
    status = st.sampled_from([*["subscribed"] * 6, "unsubscribed", "did_not_subscribe"])
    consents = [Consent(user, "email", None, draw(status), START - 50 * DAY) for user in USERS]
    consents += [Consent(user, "email", draw(st.sampled_from([None, "promotions"])), draw(status), draw(_hours)) for user in USERS[:2]]
    world = World(
        {(user, "email"): draw(st.sampled_from(ADDRESSES)) for user in USERS},
        NORMAL,
        consents,
        draw(st.lists(st.sampled_from(CAPS), max_size=2, unique=True)),
        draw(st.sampled_from([0, 20])),
        "2026",
    )
    shop = Shop(
        world,
        people,
        [draw(broadcasts(name)) for name in ("autumn", "winter")],
        ZoneInfo(draw(st.sampled_from(["UTC", "Europe/London"]))),
        draw(st.sampled_from([None, ("21:00", "08:00")])),
    )
    opened = draw(st.lists(st.booleans(), min_size=14, max_size=14))
    schedule = sorted(draw(st.lists(st.integers(-16, 90).map(lambda hours: START + hours * HOUR), max_size=3, unique=True)))
    return Case(_with_openings(shop, opened), [*schedule, END])


def _with_openings(shop: Shop, opened: list[bool]) -> Shop:
    """The shop, where some open their message an hour after it is due."""
    meant = [one for broadcast in shop.broadcasts for one in meant_by(broadcast, shop.people, shop.zone, shop.quiet)]
    told = {(one.person.user_id, one.candidate_id, one.send_at + HOUR) for one, does in zip(meant, opened, strict=False) if does}
    people = [
        replace(person, did=[*person.did, *(("Email Opened", at, message) for user, message, at in sorted(told) if user == person.user_id)])
        for person in shop.people
    ]
    return replace(shop, people=people)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_broadcasts_go_as_the_model_says_under_any_schedule(case: Case) -> None:
    history = History(case.shop)
    with TemporaryDirectory() as text:
        folder = Path(text)
        write_shop(folder, case.shop)
        for as_of in case.schedule:
            history.run(as_of)
            result = run(folder, as_of)
            if not history.meant:
                continue
            assert candidates_of(folder) == _candidates(history)
            assert decided_of(folder) == sorted((one.message_id, one.reason) for one in history.decided)
            assert written_in(folder) == decided_of(folder)
            told = {change.name: change.waterfall for change in result.broadcasts}
            for name, found in counts(history).items():
                waterfall = told.get(name)
                if waterfall is not None:
                    assert (
                        sum(found.values())
                        == waterfall.matched
                        == waterfall.sent + sum(dict(waterfall.skipped).values()) + waterfall.deferred
                    )
                    assert (waterfall.sent, waterfall.deferred) == (found.get("sent", 0), found.get("waiting", 0))
                    assert dict(waterfall.skipped) == {reason: n for reason, n in found.items() if reason not in ("sent", "waiting")}
    hold_the_laws(case.shop, history)


def _candidates(history: History) -> list[tuple[object, ...]]:
    """What the state has of what is meant: of who waits for the winner, no variant and no `send_at` before that is known."""
    rows = []
    for name, meant in history.meant.items():
        for one in meant:
            is_open = one.waits and name not in history.winners
            send_at = None if is_open else one.send_at
            rows.append((one.candidate_id, one.person.user_id, history.variant(name, one), one.withheld, one.scheduled_at, send_at))
    return sorted(rows, key=lambda row: str(row[0]))


def hold_the_laws(shop: Shop, history: History) -> None:
    """In the end everybody's is decided; nobody was written to without consent, over a cap, by night, faster than said, or twice."""
    meant = {one.candidate_id: one for name in history.meant for one in history.meant[name]}
    assert {one.candidate.candidate_id for one in history.decided} == set(meant)
    assert len({one.message_id for one in history.decided}) == len(history.decided)
    sent = [one for one in history.decided if one.reason is None]
    assert len({(one.candidate.campaign, one.to) for one in sent}) == len(sent)
    for one in sent:
        own = meant[one.candidate.candidate_id]
        assert one.to is not None
        assert own.withheld is None
        assert shop.quiet is None or not is_quiet(own.send_at, shop.quiet, zone_of(own.person, shop.zone))
        if one.candidate.category == "marketing":
            said = [row.status for row in shop.world.consents if row.user_id == one.candidate.user_id]
            assert "subscribed" in said
    for cap in shop.world.caps:
        for one in sent:
            at, user = one.candidate.send_at, one.candidate.user_id
            if one.candidate.category == "marketing":
                before = [other for other in history.decided[: history.decided.index(one)] if other in sent]
                earlier = [other.candidate.send_at for other in before if other.candidate.user_id == user]
                assert sum(at - cap.per < instant <= at for instant in earlier) < cap.at_most
    for broadcast in shop.broadcasts:
        if broadcast.throttle is not None:
            at_most, per = broadcast.throttle
            instants = [one.send_at for one in history.meant[broadcast.name] if one.withheld != "excluded"]
            assert all(sum(end - per < instant <= end for instant in instants) <= at_most for end in instants)


def test_what_is_generated_does_come_up() -> None:
    """A day on which every reason that broadcasts know, a control, a winner and openings occur."""
    seen: Counter[str | None] = Counter()
    winners = set()
    for seed in range(12):
        did = [("Joined", START - 40 * DAY, None)]
        people = [Person(user, ZONES[n % 6], [*did, ("Bought", START, None)] if n == seed % 7 else did) for n, user in enumerate(USERS)]
        winner = Winner(4 * HOUR, "Email Opened", "b")
        variants = (Variant("a", 30), Variant("b", 30), Variant("nobody", 20, control=True))
        sale = Broadcast(f"sale{seed}", "email", START.replace(tzinfo=None), ("Joined", 60 * DAY), False, ("Bought", DAY), variants, winner)
        world = World(
            {(user, "email"): ADDRESSES[[0, 0, 1, 1, 2, 4, 5][n]] for n, user in enumerate(USERS)},
            NORMAL,
            [Consent(user, "email", None, "subscribed" if user != "u4" else "unsubscribed", START) for user in USERS],
            CAPS[:1],
            20,
            "2026",
        )
        shop = _with_openings(Shop(world, people, [sale, replace(sale, name=f"again{seed}")], ZoneInfo("UTC")), [seed % 2 == 0, True] * 7)
        history = History(shop)
        for as_of in (START, START + 5 * HOUR, START + 6 * HOUR):
            history.run(as_of)
        seen.update(one.reason for one in history.decided)
        winners.update(history.winners.values())
        hold_the_laws(shop, history)
    reasons = {None, "excluded", "control", "no_address", "no_consent", "holdout", "shared_address", "capped"}
    assert reasons <= set(seen)
    assert winners == {"a", "b"}
