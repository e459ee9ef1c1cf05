"""Over generated people, caps, campaigns and clocks: the product decides as the plain model does, and nobody gets what they must not."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.policy.deciding import decide_in_runs, write_project
from tests.reference.messages.policy import Candidate, Cap, Consent, Decision, World, decisions

USERS = ["u0", "u1", "u2", "u3"]
NORMAL = {
    "a@acme.example": "a@acme.example",
    "b@ACME.example": "b@acme.example",
    "o'neil@acme.example": "o'neil@acme.example",
    "t1": "t1",
    "t2": "t2",
}
EMAILS = ["a@acme.example", "a@acme.example", "b@ACME.example", "o'neil@acme.example", "nobody", None]
DEVICES = [["t1"], ["t1", "t2"], ["t2", "t 3"], ["t2", "t2"], [], "t1"]
START = datetime(2026, 10, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAPS = [
    Cap(1, timedelta(days=1), "email"),
    Cap(2, 10 * HOUR),
    Cap(0, timedelta(days=1), "push"),
    Cap(3, timedelta(days=7)),
    Cap(1, timedelta(hours=3)),
]


@dataclass(frozen=True)
class Case:
    """People, what campaigns mean to send them, and when the runs are."""

    world: World
    candidates: list[Candidate]
    schedule: list[datetime]


_instants = st.integers(0, 20).map(lambda hours: START + hours * HOUR)


@st.composite
def candidates(draw: st.DrawFn, number: int) -> Candidate:
    """One message of one of few campaigns, at one of few instants."""
    kind = draw(st.sampled_from(["journey", "journey", "broadcast"]))
    send_at = draw(_instants)
    return Candidate(
        f"{draw(st.integers(0, 15)):x}{number:02}",
        kind,
        draw(st.sampled_from(["a", "b"])),
        draw(st.sampled_from(USERS)),
        draw(st.sampled_from(["email", "email", "push"])),
        send_at,
        group=draw(st.sampled_from([None, "promotions"])),
        category=draw(st.sampled_from(["marketing", "marketing", "marketing", "transactional"])),
        priority=draw(st.sampled_from([0, 0, 5])),
        expires_after=draw(st.sampled_from([24 * HOUR, 24 * HOUR, 24 * HOUR, 6 * HOUR])),
        exited_at=draw(st.sampled_from([None, None, None, send_at - HOUR, send_at, send_at + HOUR])) if kind == "journey" else None,
        withheld=draw(st.sampled_from([None, None, None, "excluded", "control"])) if kind == "broadcast" else None,
        known_from=draw(st.sampled_from([None, None, send_at + 3 * HOUR])),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few people with few addresses, so that they share them; messages so close to each other that caps matter."""
    addresses: dict[tuple[str, str], Any] = {}
    for user in USERS:
        addresses[user, "email"] = draw(st.sampled_from(EMAILS))
        addresses[user, "push"] = draw(st.sampled_from(DEVICES))
    status = st.sampled_from([*["subscribed"] * 6, "unsubscribed", "did_not_subscribe"])
    consent = st.builds(
        Consent, st.sampled_from(USERS), st.sampled_from(["email", "push"]), st.sampled_from([None, None, "promotions"]), status, _instants
    )
    consents = [Consent(user, channel, None, draw(status), START - HOUR) for user in USERS for channel in ("email", "push")]
    consents += draw(st.lists(consent, max_size=5, unique_by=lambda one: (one.user_id, one.channel, one.group, one.updated_at)))
    made = [draw(candidates(number)) for number in range(draw(st.integers(8, 24)))]
    caps = draw(st.lists(st.sampled_from(CAPS), max_size=3, unique=True))
    schedule = sorted(draw(st.lists(_instants, max_size=2, unique=True)))
    world = World(addresses, NORMAL, consents, caps, draw(st.sampled_from([0, 30])), "2026")
    return Case(world, made, [*schedule, START + 23 * HOUR])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_the_product_decides_as_the_model_does(case: Case) -> None:
    expected = decisions(case.world, case.candidates, case.schedule)
    with TemporaryDirectory() as folder:
        write_project(Path(folder), case.world, [one.user_id for one in case.candidates])
        decided = decide_in_runs(Path(folder), case.candidates, case.schedule)
    assert decided == [(one.message_id, None if one.reason else one.to, one.reason) for one in expected]
    hold_the_laws(case, expected)


def test_a_message_that_is_known_late_leaves_room_for_those_sent_already(tmp_path: Path) -> None:
    """One campaign is decided about before another, some of whose messages are due earlier."""
    world = World({("u0", "email"): "a@acme.example"}, NORMAL, [Consent("u0", "email", None, "subscribed", START)], [Cap(2, 10 * HOUR)])
    sent = [Candidate(f"a{hour:02}", "journey", "a", "u0", "email", START + hour * HOUR) for hour in (10, 15)]
    late = [Candidate(f"b{hour:02}", "journey", "b", "u0", "email", START + hour * HOUR, known_from=START + 16 * HOUR) for hour in (4, 9)]
    schedule = [START + hour * HOUR for hour in (12, 16)]
    expected = decisions(world, [*sent, *late], schedule)
    assert [one.reason for one in expected] == [None, None, None, "capped"]
    write_project(tmp_path, replace(world, holdout_salt="2026"), ["u0"])
    assert decide_in_runs(tmp_path, [*sent, *late], schedule) == [
        (one.message_id, None if one.reason else one.to, one.reason) for one in expected
    ]
    hold_the_laws(Case(world, [*sent, *late], schedule), expected)


def test_who_is_capped_leaves_the_address_to_the_next_who_shares_it(tmp_path: Path) -> None:
    """The first two have had enough, one of them by the message of another broadcast in the same run; who comes after the third gets none,
    capped or not."""
    shared = {(user, "email"): "a@acme.example" for user in USERS}
    consents = [Consent(user, "email", None, "subscribed", START) for user in USERS]
    world = World(shared, NORMAL, consents, [Cap(1, timedelta(days=1))], holdout_salt="2026")
    had = [Candidate(f"{user}{number:02}", "journey", "a", user, "email", START + HOUR) for number, user in enumerate(("u0", "u3"))]
    first = [Candidate("c02", "broadcast", "a", "u1", "email", START + 2 * HOUR)]
    second = [Candidate(f"{number}{number:02}", "broadcast", "b", f"u{number - 3}", "email", START + 3 * HOUR) for number in range(3, 7)]
    made, schedule = [*had, *first, *second], [START + HOUR, START + 4 * HOUR]
    expected = decisions(world, made, schedule)
    became = {(one.candidate.campaign, one.candidate.user_id): one.reason for one in expected if one.candidate.kind == "broadcast"}
    assert became == {("a", "u1"): None, ("b", "u0"): "capped", ("b", "u1"): "capped", ("b", "u2"): None, ("b", "u3"): "shared_address"}
    write_project(tmp_path, world, USERS)
    assert decide_in_runs(tmp_path, made, schedule) == [(one.message_id, None if one.reason else one.to, one.reason) for one in expected]


def hold_the_laws(case: Case, decided: list[Decision]) -> None:
    """Every candidate is decided; nobody is sent to without consent, over a cap, or twice."""
    assert {one.candidate.candidate_id for one in decided} == {one.candidate_id for one in case.candidates}
    assert len({one.message_id for one in decided}) == len(decided)
    sent = [one for one in decided if one.reason is None]
    in_broadcasts = [(one.candidate.campaign, one.to) for one in sent if one.candidate.kind == "broadcast"]
    assert len(set(in_broadcasts)) == len(in_broadcasts)
    for one in sent:
        candidate = one.candidate
        assert one.to is not None and candidate.withheld is None
        if candidate.category == "transactional":
            continue
        known = [row for row in case.world.consents if (row.user_id, row.channel) == (candidate.user_id, candidate.channel)]
        assert any(row.status == "subscribed" for row in known)
    for cap in case.world.caps:
        for user in USERS:
            theirs = [one.candidate for one in sent if one.candidate.user_id == user and cap.channel in (None, one.candidate.channel)]
            for end in theirs:
                within = [one for one in theirs if end.send_at - cap.per < one.send_at <= end.send_at]
                assert len(within) <= cap.at_most or any(one.category == "transactional" for one in within)


def test_a_case_with_every_reason() -> None:
    """What the generated cases are made of does come up: an address that is none, a holdout, caps, devices."""
    reasons = set()
    for seed in range(3):
        reasons |= {one.reason for one in _all_decisions(seed)}
    assert {None, "excluded", "control", "exited", "expired", "no_address", "no_consent", "holdout", "shared_address", "capped"} <= reasons


def _all_decisions(seed: int) -> list[Decision]:
    addresses: dict[tuple[str, str], Any] = {(user, "email"): EMAILS[number % 5] for number, user in enumerate(USERS)}
    addresses |= {("x", "email"): "nobody"}
    consents = [Consent(user, "email", None, "subscribed" if user != "u3" else "unsubscribed", START) for user in USERS]
    world = World(addresses, NORMAL, consents, [Cap(1, 2 * HOUR, "email")], 30, f"{seed}")
    made = [
        Candidate(f"{kind}{user}{hour}", kind, kind, user, "email", START + hour * HOUR)
        for kind in ("journey", "broadcast")
        for user in [*USERS, "x"]
        for hour in range(4)
    ]
    made += [Candidate(f"w{one}", "broadcast", "w", "u0", "email", START, withheld=one) for one in ("excluded", "control")]
    made.append(Candidate("e", "journey", "e", "u0", "email", START + 40 * HOUR, exited_at=START))
    made.append(Candidate("o", "journey", "o", "u0", "email", START))
    return decisions(world, made, [START + 8 * HOUR, START + timedelta(days=3)]) + decisions(world, made[-1:], [START + timedelta(days=3)])
