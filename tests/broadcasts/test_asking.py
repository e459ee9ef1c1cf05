"""What recipients are asked: of what journeys set and sent, of other broadcasts, of lists, each as of the broadcast's own instant."""

from pathlib import Path

import pytest

from engage_cli.service.progress import SILENT
from engage_cli.service.run import run_all
from tests.broadcasts.shop import CONFIG, PEOPLE, SALE, TEMPLATE, candidates, decisions, instant, query, run, send, write_events, write_shop
from tests.broadcasts.test_sending import files_of

JOURNEY = """
journey: buyers
status: live
entry: {on: {event: Order Completed}, since: 2026-11-01}
steps:
  - {set: tier, to: gold}
  - {send: thanks, channel: email, id: thanks}
"""
ORDERS = ["ana,Order Completed,2026-11-25T10:00:00Z,", "ben,Order Completed,2026-11-27T09:00:01Z,"]


def with_journey(folder: Path, recipients: str) -> Path:
    """The shop with a journey that sets a trait, and people of whom one was through before the sale, and one after."""
    shop = write_shop(folder, SALE.replace("{everyone: true}", recipients), events=ORDERS)
    (shop / "campaigns/journeys").mkdir()
    (shop / "campaigns/journeys/buyers.yaml").write_text(JOURNEY)
    (shop / "campaigns/templates/thanks.txt").write_text("---\nsubject: Thanks\n---\nThanks\n")
    shown = TEMPLATE.replace("Hi ", "{{ profile.tier | default('no tier') }}, hi ")
    (shop / "campaigns/templates/sale.txt").write_text(shown)
    return shop


@pytest.mark.parametrize(
    ("recipients", "expected"),
    [
        ("{trait: tier, eq: gold}", {"ana"}),
        ("{not: {trait: tier, eq: gold}}", {*PEOPLE} - {"ana"}),
        ("{message: {journey: buyers}}", {"ana"}),
        ("{message: {journey: buyers, status: sent}}", {"ana"}),
        ("{journey: buyers, status: ended}", {"ana"}),
    ],
)
def test_what_journeys_did_by_its_instant(tmp_path: Path, recipients: str, expected: set[str]) -> None:
    shop = with_journey(tmp_path / "shop", recipients)
    for at in ("26T09:00", "27T12:00"):
        run_all(shop, as_of=instant(at), progress=SILENT)
    assert set(candidates(shop)) == expected


def test_a_message_shows_what_a_journey_set(tmp_path: Path) -> None:
    shop = with_journey(tmp_path / "shop", "{event: Order Completed}")
    run_all(shop, as_of=instant("27T12:00"), progress=SILENT)
    texts = {str(message["user_id"]): message["text"] for message in files_of(shop)[0] if message["campaign"] == "sale"}
    assert texts == {"ana": "gold, hi Ana. all"}


def test_who_got_another_broadcast(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE.replace("{everyone: true}", "{trait: first_name, in: [Ana, Ben]}"), unsubscribed=["ben"])
    after = SALE.replace("broadcast: sale", "broadcast: after").replace("2026-11-27 09:00", "2026-11-28 09:00")
    (shop / "campaigns/broadcasts/after.yaml").write_text(after.replace("{everyone: true}", "{message: {broadcast: sale, status: sent}}"))
    run(shop, "27T09:00")
    run(shop, "28T09:00")
    assert query(shop, "SELECT campaign, user_id FROM candidate ORDER BY ALL") == [("after", "ana"), ("sale", "ana"), ("sale", "ben")]


def test_two_that_are_due_together_share_the_caps(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "priority: 1\n", config=CONFIG + "  frequency_caps: [{at_most: 1, per: 1 day}]\n")
    (shop / "campaigns/broadcasts/other.yaml").write_text(SALE.replace("broadcast: sale", "broadcast: other"))
    run(shop, "27T09:00")
    rows = query(shop, "SELECT campaign, coalesce(reason, decision), count(*) FROM message GROUP BY ALL ORDER BY ALL")
    assert rows == [("other", "capped", 10), ("sale", "sent", 10)]


def test_a_list_of_a_file(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE.replace("{everyone: true}", "{trait: user_id, in_file: vip.csv}"))
    (shop / "vip.csv").write_text("user_id\nana\ncleo\n")
    send(shop, "27T09:00")
    assert set(decisions(shop)) == {"ana", "cleo"}


def test_the_same_person_is_in_the_same_variant_of_a_broadcast_always(tmp_path: Path) -> None:
    variants = "variants:\n  - {name: a, percent: 50}\n  - {name: b, percent: 50}\n"
    drawn = []
    for number, some in enumerate((PEOPLE, PEOPLE[:4])):
        shop = write_shop(tmp_path / str(number), SALE + variants, profiles=[(name, f"{name}@acme.example", "", "") for name in some])
        write_events(shop, [])
        send(shop, "27T09:00")
        drawn.append({name: row[0] for name, row in candidates(shop).items()})
    assert drawn[1] == {name: drawn[0][name] for name in PEOPLE[:4]}
