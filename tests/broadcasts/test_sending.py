"""`broadcast send`, once and again: who gets it is found once, each is decided about once, and the counts add up."""

import json
from pathlib import Path

import pytest

from engage_cli.errors import EngageError, UsageError
from engage_cli.service.broadcast_plans import ByHand
from engage_cli.service.progress import SILENT
from engage_cli.service.run import run_all
from tests.broadcasts.shop import PEOPLE, SALE, candidates, decisions, instant, query, run, send, write_events, write_shop

TESTED = (
    SALE
    + """
variants:
  - {name: a, percent: 30, subject: A}
  - {name: b, percent: 30, subject: B}
  - {name: nobody, percent: 20, control: true}
winner: {after: 4 hours, by: clicked, else: a}
"""
)


def files_of(folder: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The lines of all files of messages, and of all who get none."""
    sent = [json.loads(line) for path in folder.glob("out/runs/*/messages/*.jsonl") for line in path.read_text().splitlines()]
    skipped = [json.loads(line) for path in folder.glob("out/runs/*/skipped.jsonl") for line in path.read_text().splitlines()]
    return sent, skipped


def holds_together(folder: Path, as_of: str) -> None:
    """What every run leaves: sent, skipped and deferred are all who were matched, and the files have a line for each decided."""
    result = run(folder, as_of, by_hand=ByHand(), dry_run=True)
    sent, skipped = files_of(folder)
    rows = query(folder, "SELECT decision, count(DISTINCT candidate_id) FROM message GROUP BY ALL")
    counted = {str(decision): int(number) for decision, number in rows}
    assert (len(sent), len(skipped)) == (counted.get("sent", 0), counted.get("skipped", 0))
    for change in result.broadcasts:
        fall = change.waterfall
        assert fall.sent + sum(number for _, number in fall.skipped) + fall.deferred == fall.matched


def test_everybody_gets_it_at_its_instant_however_late_the_run_is(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", unsubscribed=["ben"])
    result = send(shop, "27T17:45")
    assert {row[1:] for row in candidates(shop).values()} == {("2026-11-27 09:00:00", "2026-11-27 09:00:00")}
    assert decisions(shop) == {name: "no_consent" if name == "ben" else "sent" for name in PEOPLE}
    [change] = result.broadcasts
    assert (change.waterfall.matched, change.waterfall.sent, change.waterfall.skipped) == (10, 9, (("no_consent", 1),))
    holds_together(shop, "27T17:45")


def test_sent_again_it_sends_nothing_and_says_when_it_was(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    send(shop, "27T09:00")
    before = query(shop, "SELECT * FROM message ORDER BY ALL")
    again = send(shop, "28T09:00")
    assert (again.run, again.broadcasts, again.idle) == (None, (), (("sale", "sent at 2026-11-27T09:00:00Z, to everybody"),))
    assert query(shop, "SELECT * FROM message ORDER BY ALL") == before


def test_the_same_instant_again_is_no_run(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "throttle: {at_most: 4, per: 1 hour}\n")
    assert run(shop, "27T09:00").run is not None
    assert run(shop, "27T09:00").run is None


def test_recipients_are_as_of_the_instant_of_sending_and_stay(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE.replace("{everyone: true}", "{event: Signed Up}"))
    write_events(
        shop, ["ana,Signed Up,2026-11-27T08:59:00Z,", "ben,Signed Up,2026-11-27T09:00:00Z,", "new,Signed Up,2026-11-27T09:00:01Z,"]
    )
    send(shop, "27T12:00")
    write_events(shop, ["cleo,Signed Up,2026-11-27T08:00:00Z,"], "events_late")
    send(shop, "27T13:00")
    assert set(candidates(shop)) == {"ana", "ben"}


def test_who_is_not_known_by_the_instant_is_no_recipient(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    write_events(shop, ["early,Signed Up,2026-11-27T09:00:00Z,", "late,Signed Up,2026-11-27T09:00:01Z,"])
    send(shop, "27T12:00")
    assert set(candidates(shop)) == {*PEOPLE, "early"}


def test_who_is_excluded_is_counted_and_in_no_variant(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", TESTED + "exclude: {event: Order Completed, within: 7 days}\n")
    write_events(shop, ["ana,Order Completed,2026-11-21T09:00:00Z,", "ben,Order Completed,2026-11-20T09:00:00Z,"])
    send(shop, "27T09:00")
    assert candidates(shop)["ana"] == (None, "2026-11-27 09:00:00", "2026-11-27 09:00:00")
    assert decisions(shop)["ana"] == "excluded"
    assert "ben" not in {user for user, reason in decisions(shop).items() if reason == "excluded"}
    holds_together(shop, "27T09:00")


def test_before_its_time_it_needs_now(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "local: true\n")
    with pytest.raises(UsageError, match=r"is to be sent from 2026-11-26T19:00:00Z on, which is after 2026-11-20T12:00:00Z"):
        send(shop, "20T12:00")
    assert run(shop, "20T12:00").idle == (("sale", "to be sent from 2026-11-26T19:00:00Z on"),)
    send(shop, "20T12:00", now=True)
    assert {row[1:] for row in candidates(shop).values()} == {("2026-11-20 12:00:00", "2026-11-20 12:00:00")}
    assert set(decisions(shop).values()) == {"sent"}


def test_a_draft_is_sent_by_nobody(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE.replace("live", "draft"))
    with pytest.raises(EngageError, match="the broadcast `sale` is a draft, which nobody sends"):
        send(shop, "27T10:00")
    assert run(shop, "27T10:00").idle == (("sale", "a draft"),)


def test_one_without_an_instant_is_sent_by_hand_alone(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE.replace("send_at: 2026-11-27 09:00\n", "throttle: {at_most: 6, per: 1 hour}\n"))
    assert run(shop, "27T10:00").idle == (("sale", "sent by hand"),)
    send(shop, "27T10:30")
    assert len(decisions(shop)) == 6
    assert run(shop, "27T11:30").broadcasts[0].sent == 4, "`engage run` goes on with it"
    holds_together(shop, "27T11:30")


@pytest.mark.parametrize(("expect", "words"), [("at_most: 9", "at most 9"), ("at_least: 11", "at least 11")])
def test_more_or_fewer_than_expected_is_refused_and_nothing_written(tmp_path: Path, expect: str, words: str) -> None:
    shop = write_shop(tmp_path / "shop", SALE + f"expect: {{{expect}}}\n")
    with pytest.raises(EngageError, match=f"the broadcast `sale` has 10 recipients, and expects {words}: nothing was sent"):
        send(shop, "27T10:00")
    [refused] = run(shop, "27T10:00").refused
    assert refused.name == "sale"
    assert query(shop, "SELECT * FROM candidate") == []
    assert not (shop / "out/runs").exists()


def test_expected_are_those_who_are_not_excluded(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "expect: {at_most: 9, at_least: 9}\nexclude: {trait: first_name, eq: Ana}\n")
    assert send(shop, "27T10:00").broadcasts[0].waterfall.sent == 9


def test_an_earlier_instant_than_the_last_is_refused(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "throttle: {at_most: 4, per: 1 hour}\n")
    send(shop, "27T10:00")
    with pytest.raises(UsageError, match=r"`sale` was sent as of 2026-11-27T10:00:00Z, which is after --as-of 2026-11-27T09:30:00Z"):
        send(shop, "27T09:30")


def test_what_waits_goes_as_it_was_when_it_was_sent(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "throttle: {at_most: 5, per: 1 hour}\n")
    send(shop, "27T09:00")
    (shop / "campaigns/broadcasts/sale.yaml").write_text(SALE + "subject: Other\nexpires_after: 1 minute\n")
    [change] = send(shop, "27T10:30").broadcasts
    assert change.warning == "its definition was edited since it was sent: what waits goes as it was then"
    assert set(decisions(shop).values()) == {"sent"}
    assert {message["subject"] for message in files_of(shop)[0]} == {"Sale"}


def test_of_a_draft_again_nothing_more_goes(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "throttle: {at_most: 5, per: 1 hour}\n")
    send(shop, "27T09:00")
    (shop / "campaigns/broadcasts/sale.yaml").write_text(SALE.replace("live", "draft"))
    [change] = run(shop, "27T10:30").broadcasts
    assert change.warning is not None and change.waterfall.skipped == (("not_live", 5),)


def test_one_that_is_gone_from_the_project_ends_with_who_was_written_to(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "throttle: {at_most: 5, per: 1 hour}\n")
    send(shop, "27T09:00")
    (shop / "campaigns/broadcasts/sale.yaml").unlink()
    (shop / "campaigns/audiences").mkdir()
    (shop / "campaigns/audiences/all.yaml").write_text("audience: all\nmembers: {everyone: true}\n")
    run_all(shop, as_of=instant("27T10:30"), progress=SILENT)
    assert sorted(decisions(shop).values()) == ["not_live"] * 5 + ["sent"] * 5
    assert query(shop, "SELECT * FROM waiting") == []


def test_one_message_for_each_address(tmp_path: Path) -> None:
    people = [("ana", "home@acme.example", "Ana", ""), ("ben", "HOME@acme.example", "Ben", ""), ("cleo", "", "Cleo", "")]
    shop = write_shop(tmp_path / "shop", profiles=people)
    send(shop, "27T09:00")
    assert sorted(decisions(shop).values()) == ["no_address", "sent", "shared_address"]


def test_too_late_is_expired(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "expires_after: 2 hours\n")
    send(shop, "27T11:00:01")
    assert set(decisions(shop).values()) == {"expired"}
    assert instant("27T11:00:01") > instant("27T11:00")
