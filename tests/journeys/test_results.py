"""What came of a journey's messages and of its experiment, beside a plain count of the same rows."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.cli.render.journey_status import status_blocks
from engage_cli.cli.render.plain import plain_lines
from engage_cli.reports.experiments import Verdict
from engage_cli.service.deliver import deliver
from engage_cli.service.journey_status import journey_status
from engage_cli.service.progress import SILENT
from tests.journeys.shop import tick

CONFIG = """
project: shop
timezone: UTC
store: none
sources: {events: {path: "data/*.jsonl"}, profiles: {path: people.csv}, consents: {path: consents.csv}}
messaging: {channels: {email: {address: email}}}
destinations: {mail: {type: messages, channel: email, provider: generic}}
"""
JOURNEY = """
journey: offers
status: live
entry: {on: {event: Signed Up}, since: 2026-11-01}
goal: {on: {event: Order Completed}, for: 7 days}
steps:
  - {send: hi, channel: email, id: greeting}
  - randomize:
      - {name: offer, percent: 60, steps: [{send: hi, channel: email, id: offer}]}
      - {name: nobody, percent: 40, control: true}
    id: test
"""
PEOPLE = 500
DAY = "2026-11-02T"
Row = dict[str, object]


def happened(user: str, event: str, time: str, **properties: object) -> Row:
    return {
        "message_id": f"{user}-{event}-{time}-{properties}",
        "user_id": user,
        "event": event,
        "timestamp": f"{DAY}{time}:00Z",
        "properties": properties,
    }


def write(file: Path, rows: Iterable[Row]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def arms_of(folder: Path) -> dict[str, str]:
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as connection:
        query = "SELECT user_id, branch FROM transition JOIN instance USING (instance) WHERE from_step = 'test' AND cause = 'branch'"
        return dict(connection.execute(query).fetchall())


def messages_of(folder: Path) -> list[tuple[str, str, str]]:
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as connection:
        return connection.execute("SELECT message_id, user_id, step FROM message WHERE decision = 'sent' ORDER BY ALL").fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for inner in ("data", "campaigns/journeys", "campaigns/templates"):
        (tmp_path / inner).mkdir(parents=True)
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (tmp_path / "campaigns/journeys/offers.yaml").write_text(JOURNEY)
    (tmp_path / "campaigns/templates/hi.txt").write_text("Hello. Unsubscribe: {{ unsubscribe_url | default('-') }}\n")
    (tmp_path / "people.csv").write_text("user_id,email\n" + "".join(f"u{at},u{at}@example.com\n" for at in range(PEOPLE)))
    (tmp_path / "consents.csv").write_text("user_id,channel,status\n" + "".join(f"u{at},email,subscribed\n" for at in range(40, PEOPLE)))
    write(tmp_path / "data/entries.jsonl", [happened(f"u{at}", "Signed Up", "10:00") for at in range(PEOPLE)])
    return tmp_path


def test_the_results_are_what_a_plain_count_gives(shop: Path) -> None:
    tick(shop, "2026-11-02T11:00:00")
    arms, messages = arms_of(shop), messages_of(shop)
    assert len({user for _, user, _ in messages}) == PEOPLE - 40, "nobody is sent to without consent"
    told: list[Row] = []
    counted: dict[str, Counter[str]] = {"greeting": Counter(), "offer": Counter()}
    by_arm: dict[str, Counter[str]] = {"offer": Counter(), "nobody": Counter()}
    for number, (message, user, step) in enumerate(messages):
        outcomes = (
            ["Email Delivered"] * (number % 10 > 0) + ["Email Opened"] * (number % 3 == 0) + ["Email Link Clicked"] * (number % 5 == 0)
        )
        told += [happened(user, event, "12:00", message_id=message) for event in outcomes]
        told += [happened(user, "Email Opened", "13:00", message_id=message)] if number % 3 == 0 else []
        for tally in [counted[step], *([by_arm[arms[user]]] if step == "offer" else [])]:
            tally.update(["sent", *outcomes])
    told.append(happened("u1", "Email Opened", "12:30", message_id="of no message"))
    buyers = [user for user, arm in arms.items() if int(user[1:]) % (3 if arm == "offer" else 6) == 0]
    told += [happened(user, "Order Completed", "14:00") for user in buyers]
    write(shop / "data/told.jsonl", told)
    tick(shop, "2026-11-03T00:00:00")
    standing = journey_status(shop, "offers")
    steps = {one.step: (one.sent, one.delivered, one.opened, one.clicked, one.bounced) for one in standing.results.messages}
    names = ("sent", "Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced")
    assert steps == {step: tuple(tally[name] for name in names) for step, tally in counted.items()}
    [experiment] = standing.results.experiments
    found = {
        one.counts.variant: (
            one.counts.people,
            one.counts.converted,
            one.counts.sent,
            one.counts.delivered,
            one.counts.opened,
            one.counts.clicked,
        )
        for one in experiment.arms
    }
    people, converted = Counter(arms.values()), Counter(arms[user] for user in buyers)
    assert found == {arm: (people[arm], converted[arm], *(by_arm[arm][name] for name in names[:4])) for arm in by_arm}
    offer, nobody = experiment.arms
    assert (offer.lift and offer.lift.verdict, nobody.lift) == (Verdict.BETTER, None)
    lines = "\n".join(plain_lines(status_blocks(standing), signs=False))
    assert "lift over control" in lines
    assert "control" in lines
    assert f"{converted['offer']} (" in lines


THANKS = """
journey: thanks
status: live
entry: {on: {event: Order Completed}, since: 2026-11-01}
steps: [{send: hi, channel: email, id: thanks, category: transactional}]
"""


def test_nobody_is_written_to_where_a_message_bounced_or_was_complained_of(shop: Path) -> None:
    (shop / "campaigns/journeys/thanks.yaml").write_text(THANKS)
    tick(shop, "2026-11-02T11:00:00")
    of_user = {user: message for message, user, step in messages_of(shop) if step == "greeting"}
    told = [
        happened("u41", "Email Bounced", "12:00", message_id=of_user["u41"]),
        happened("u42", "Email Marked as Spam", "12:00", message_id=of_user["u42"]),
        happened("u43", "Email Opened", "12:00", message_id=of_user["u43"]),
    ]
    write(shop / "data/told.jsonl", [*told, *(happened(f"u{at}", "Order Completed", "13:00") for at in (41, 42, 43))])
    as_of = datetime(2026, 11, 2, 14, tzinfo=UTC)
    handed = deliver(shop, None, as_of=as_of, progress=SILENT)
    requests = [json.loads(line) for line in next((shop / "out/deliveries").rglob("*.jsonl")).read_text().splitlines()]
    written_to = {request["user_id"] for request in requests}
    assert written_to == {f"u{at}" for at in range(40, PEOPLE)} - {"u41", "u42"}
    assert [each.sent for each in handed.channels] == [len(requests)]
    tick(shop, "2026-11-02T14:00:00")
    with duckdb.connect(str(shop / ".engage/state.duckdb"), read_only=True) as connection:
        decided = connection.execute("SELECT user_id, decision, reason FROM message WHERE step = 'thanks' ORDER BY ALL").fetchall()
    assert decided == [("u41", "skipped", "suppressed"), ("u42", "skipped", "suppressed"), ("u43", "sent", None)]
