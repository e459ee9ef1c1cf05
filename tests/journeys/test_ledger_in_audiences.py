"""Audiences ask what journeys did: who is inside, who ended and why, to whom messages were made, and what came of them."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.service.build import build_audiences as build
from engage_cli.service.explain import explain
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from tests.journeys.shop import CONFIG, make_shop, tick

AUDIENCES = {
    "inside": "{journey: cart_recovery}",
    "not_inside": "{not: {journey: cart_recovery}}",
    "ended": "{journey: cart_recovery, status: ended}",
    "lost": "{journey: cart_recovery, status: lost_interest}",
    "ended_lately": "{journey: cart_recovery, status: ended, within: 1 hour}",
    "made": "{message: {journey: cart_recovery}}",
    "made_lately": "{message: {journey: cart_recovery, step: nudge}, within: 11 minutes}",
    "clicked": "{message: {journey: cart_recovery, step: nudge, status: clicked}}",
    "clicked_lately": "{message: {journey: cart_recovery, status: clicked}, within: 10 minutes}",
    "bounced": "{message: {journey: cart_recovery, status: bounced}}",
    "sent": "{message: {journey: cart_recovery, status: sent}}",
    "sent_lately": "{message: {journey: cart_recovery, status: sent}, within: 10 minutes}",
    "skipped": "{message: {journey: cart_recovery, step: nudge, status: skipped}}",
    "both": "{all: [{audience: made}, {none: [{audience: clicked}]}]}",
}
MEMBERS = {
    "inside": ["ana", "cleo"],
    "not_inside": ["ben"],
    "ended": ["ana", "ben"],
    "lost": ["ben"],
    "ended_lately": [],
    "made": ["ana", "cleo"],
    "made_lately": ["cleo"],
    "clicked": ["ana"],
    "clicked_lately": [],
    "bounced": ["cleo"],
    "sent": ["ana"],
    "sent_lately": [],
    "skipped": [],
    "both": ["cleo"],
}
"""As of 13:40, by hand: ana's c1 is nudged at 13:00 (c2 was ordered, c5 waits), ben emptied c3 at 11:00, cleo's c4 is nudged at 13:30."""
SOURCES = "sources:\n  memberships: {path: members.csv}"
AS_OF = datetime(2026, 11, 1, 13, 40, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = make_shop(tmp_path)
    outcomes = "  outcomes: {message_id: about, clicked: [Link Followed, Tapped], bounced: Returned}\n"
    config = CONFIG.replace("messaging:\n", f"messaging:\n{outcomes}").replace("data/events*.csv", "data/[eo]*.csv")
    (folder / "engage.yaml").write_text(config.replace("sources:", SOURCES))
    (folder / "campaigns/audiences").mkdir()
    (folder / "members.csv").write_text("user_id,account_id\nana,acme\nben,acme\nben,bolt\n")
    texts = [f"audience: companies\nof: accounts\nmembers: {{any_user: {AUDIENCES['clicked']}}}\n"]
    texts += [f"audience: {name}\nmembers: {members}\n" for name, members in AUDIENCES.items()]
    (folder / "campaigns/audiences/all.yaml").write_text("---\n".join(texts))
    return folder


def happen(folder: Path) -> None:
    """Ana follows a link in her message and somebody else in it later, cleo's message bounces; one outcome is of no message of ours."""
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as connection:
        made = dict(connection.execute("SELECT user_id, candidate_id FROM candidate").fetchall())
    rows = [
        ("ana", "Link Followed", "13:20", made["ana"]),
        ("ben", "Tapped", "13:35", made["ana"]),
        ("cleo", "Returned", "13:31", made["cleo"]),
        ("cleo", "Tapped", "13:41", made["cleo"]),
        ("ben", "Tapped", "13:35", "another"),
    ]
    lines = [f"o{at},{user},{event},2026-11-01T{time}:00Z,{about}" for at, (user, event, time, about) in enumerate(rows)]
    (folder / "data/outcomes.csv").write_text("\n".join(["message_id,user_id,event,timestamp,about", *lines, ""]))


def members_of(folder: Path, name: str) -> list[str]:
    found = preview(folder, name, as_of=AS_OF, sample=10, progress=SILENT)
    return sorted(row[0] for row in found.sample)


def test_audiences_see_what_journeys_did(shop: Path) -> None:
    tick(shop, "2026-11-01T13:40:00")
    happen(shop)
    built = build(shop, [], as_of=AS_OF, file_format="csv", progress=SILENT)
    sizes = {one.name: one.size for one in built.audiences}
    assert sizes == {**{name: len(members) for name, members in MEMBERS.items()}, "companies": 1}
    assert {name: members_of(shop, name) for name in ("inside", "clicked", "both")} == {
        name: MEMBERS[name] for name in ("inside", "clicked", "both")
    }
    told = explain(shop, "clicked", "ana", as_of=AS_OF, progress=SILENT)
    assert told.member
    assert not explain(shop, "clicked", "cleo", as_of=AS_OF, progress=SILENT).member


def test_what_is_decided_later_is_seen_later(shop: Path) -> None:
    """At 15:00, when quiet hours end, ana has had a letter two hours before, and cleo has no first name to be greeted by."""
    tick(shop, "2026-11-01T13:40:00")
    tick(shop, "2026-11-01T16:00:00")
    built = build(shop, ["sent", "skipped"], as_of=datetime(2026, 11, 1, 16, tzinfo=UTC), progress=SILENT)
    assert {one.name: one.size for one in built.audiences} == {"sent": 1, "skipped": 2}


def test_a_tick_between_two_builds_at_one_instant_is_seen(shop: Path) -> None:
    tick(shop, "2026-11-01T09:00:00")
    first = build(shop, ["inside", "not_inside"], as_of=AS_OF, progress=SILENT)
    assert {one.name: one.size for one in first.audiences} == {"inside": 0, "not_inside": 3}
    tick(shop, "2026-11-01T13:40:00")
    second = build(shop, ["inside", "not_inside"], as_of=AS_OF, progress=SILENT)
    assert {one.name: (one.size, one.entered, one.exited) for one in second.audiences} == {"inside": (2, 2, 0), "not_inside": (1, 0, 2)}
    third = build(shop, ["inside"], as_of=AS_OF, progress=SILENT)
    assert [one.unchanged for one in third.audiences] == [True]


def test_without_a_state_nothing_was_done(shop: Path) -> None:
    assert members_of(shop, "inside") == []
    assert members_of(shop, "not_inside") == ["ana", "ben", "cleo"]
