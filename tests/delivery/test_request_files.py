"""Messages of destinations that only get files: each stands in one file once, wherever a delivery is cut off."""

import json
import shutil
import sqlite3
from itertools import count
from pathlib import Path

import pytest

from engage_cli.errors import DataError
from tests.delivery.project import FIRST_RUN, KEY, SECOND_RUN, Shop, deliver_in, one, rows_of
from tests.state.processes import run_killed
from tests.state.support import at


def files_of(shop: Shop, run: str = FIRST_RUN) -> dict[str, list[dict[str, object]]]:
    """The requests in each file of a run."""
    found = sorted((shop.outputs / "deliveries" / run).glob("*"))
    return {path.name: [json.loads(line) for line in path.read_text().splitlines()] for path in found}


def ids_in(shop: Shop) -> list[str]:
    """The ids of the messages in all files, those of bulk requests too."""
    requests = [request for requests in files_of(shop).values() for request in requests]
    return sorted(str(request["message_id"]) for request in requests)


def shop_in(folder: Path, provider: str = "generic", people: int = 30) -> Shop:
    return Shop(folder / "shop", f"  files: {{type: messages, channel: email, provider: {provider}}}", people=people)


def test_messages_are_written_as_requests(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, "sendgrid")
    shop.run([*rows_of(3), {**rows_of(4)[3], "subject": None}])
    result = shop.deliver()
    assert one(result) == {"sent": 3, "refused": 1}
    [(name, requests)] = files_of(shop).items()
    assert name == "files-1.jsonl"
    assert result.channels[0].file == f"out/deliveries/{FIRST_RUN}/{name}"
    assert [request["subject"] for request in requests] == ["Hello 0", "Hello 1", "Hello 2"]
    assert one(shop.deliver(FIRST_RUN)) == {"before": 4}
    assert list(files_of(shop)) == ["files-1.jsonl"]


def test_one_whose_link_is_too_long_for_a_header_keeps_nobody_else_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [(name, key)] = KEY.items()
    monkeypatch.setenv(name, key)
    urls = ', urls: {unsubscribe: "https://acme.example/u/{token}"}'
    shop = Shop(tmp_path / "shop", "  files: {type: messages, channel: email, provider: sendgrid}", people=2, more=urls)
    long = "u" * 700
    shop.people(["u0,u0@example.com,", f"{long},long@example.com,", "u1,u1@example.com,"])
    shop.consents([f"{user},email,,subscribed" for user in ("u0", long, "u1")])
    first, second, third = rows_of(3, category="marketing")
    shop.run([first, {**second, "user_id": long, "to": "long@example.com"}, {**third, "user_id": "u1", "to": "u1@example.com"}])
    result = shop.deliver()
    assert one(result) == {"sent": 2, "refused": 1}
    assert result.channels[0].failures[0].answer.startswith("the message cannot go: `List-Unsubscribe` would be longer than the 998 octets")


def test_bulk_requests_have_up_to_fifty(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, "ses", people=130)
    shop.run([*rows_of(120), {**rows_of(121)[120], "from": "other@acme.example"}])
    assert one(shop.deliver()) == {"sent": 121}
    [requests] = files_of(shop).values()
    assert [len(request["BulkEmailEntries"]) for request in requests] == [50, 50, 20, 1]  # type: ignore[arg-type]


def test_what_comes_later_stands_in_a_file_of_its_own(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.run([*rows_of(2), {**rows_of(3)[2], "send_at": "2026-11-23T11:30:00Z"}])
    assert one(shop.deliver()) == {"sent": 2, "waiting": 1}
    assert one(shop.deliver(as_of=at(12))) == {"before": 2, "sent": 1}
    assert {name: len(requests) for name, requests in files_of(shop).items()} == {"files-1.jsonl": 2, "files-2.jsonl": 1}


def test_another_form_keeps_nobody_else_back(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.run(rows_of(2))
    shop.run(rows_of(3), channel="push", name=SECOND_RUN, form="csv")
    assert one(shop.deliver(FIRST_RUN)) == {"sent": 2}
    assert [each.destination for each in shop.deliver(SECOND_RUN).channels] == [None]


def test_another_form_that_is_to_be_handed_over_is_told(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.run(rows_of(2))
    shop.run(rows_of(3), name=SECOND_RUN, form="csv")
    result = shop.deliver()
    assert [(each.run, each.sent, each.left, each.form) for each in result.channels] == [
        (FIRST_RUN, 2, 0, "jsonl"),
        (SECOND_RUN, 0, 3, "csv"),
    ]
    assert not result.is_whole
    told = shop.command()
    assert told.returncode == 1
    assert f"warning: the messages of {SECOND_RUN} on email are csv, and only jsonl can be handed over: 3 are left" in told.stderr
    with pytest.raises(DataError, match=r"email\.csv is not JSONL, which alone can be handed over"):
        shop.deliver(SECOND_RUN)


def test_what_came_too_late_is_told_with_the_reason(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.run([*rows_of(3, send_at="2026-11-21T10:00:00Z"), *rows_of(4)[3:]])
    warning = f"3 messages of {FIRST_RUN} on email expired: `send_at` is more than 24 hours ago, "
    warning += "the `expires_after` of the destination `files`"
    told = shop.command("--dry-run")
    assert (told.returncode, told.stderr) == (0, f"warning: {warning}\n")
    told = shop.command("--json")
    assert (told.returncode, told.stderr) == (0, f"warning: {warning}\n")
    document = json.loads(told.stdout)
    assert (document["warnings"], document["channels"][0]["expired"], document["lost"]) == ([warning], 3, 0)


def test_the_document_has_what_is_said_beside(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.run(rows_of(2), channel="push")
    shop.consents(["u0,email,,subscribed", "u1,email,,perhaps"])
    shop.run(rows_of(1))
    told = shop.command("--json")
    document = json.loads(told.stdout)
    assert document["warnings"] == ["no destination takes messages of push: 2 stay where they are"]
    assert f"warning: {document['warnings'][0]}" in told.stderr
    assert [reject["reason"] for reject in document["data"]["rejects"]]


def test_where_nothing_may_be_sent_there_is_no_file(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.consents(["u0,email,,unsubscribed"])
    shop.run(rows_of(1))
    assert one(shop.deliver()) == {"skipped": 1}
    assert files_of(shop) == {}


def renamed(shop: Shop, name: str) -> None:
    """Give the destination another name."""
    config = shop.folder / "engage.yaml"
    config.write_text(config.read_text().replace("  files: {", f"  {name}: {{"))


def test_a_new_name_after_a_kill_loses_nothing(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, people=3)
    shop.run(rows_of(3))
    assert shop.killed("requests written")
    assert {fate for fate, _, _ in shop.log().values()} == {"sending"}
    renamed(shop, "others")
    assert one(shop.deliver()) == {"sent": 3}
    assert {name: len(requests) for name, requests in files_of(shop).items()} == {"others-1.jsonl": 3}


def test_a_file_that_has_its_name_counts_whatever_the_destination_is_called_now(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, people=3)
    shop.run(rows_of(3))
    assert shop.killed("requests named")
    renamed(shop, "others")
    assert one(shop.deliver()) == {"before": 3}
    assert list(files_of(shop)) == ["files-1.jsonl"]


def test_where_neither_the_file_nor_its_part_is_there_it_is_uncertain(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, people=3)
    shop.run(rows_of(3))
    assert shop.killed("requests named")
    shutil.rmtree(shop.outputs / "deliveries")
    result = shop.deliver()
    assert (result.lost, one(result)) == (3, {"before": 3})
    assert {fate for fate, _, _ in shop.log().values()} == {"uncertain"}
    assert one(shop.deliver(FIRST_RUN, resend_uncertain=True)) == {"sent": 3}
    assert list(files_of(shop)) == ["files-1.jsonl"]


def test_what_a_webhook_had_begun_is_not_taken_for_written(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, people=1)
    shop.run(rows_of(1))
    assert one(shop.deliver()) == {"sent": 1}
    with sqlite3.connect(shop.folder / ".engage" / "deliveries.sqlite") as log:
        log.execute("UPDATE delivery SET fate = 'sending', code = NULL")
    log.close()
    assert shop.deliver(FIRST_RUN).lost == 1
    assert {fate for fate, _, _ in shop.log().values()} == {"uncertain"}


def test_killed_at_any_point_each_message_stands_in_one_file(tmp_path: Path) -> None:
    base = shop_in(tmp_path, people=4)
    base.run(rows_of(3))
    expected = sorted(row["message_id"] for row in rows_of(3))
    for point in count(1):
        shop = base.copy(tmp_path / f"at_{point}")
        if not run_killed(deliver_in, shop.folder, crash_at=str(point)):
            assert point > 8
            break
        shop.run(rows_of(4)[3:], name=SECOND_RUN)
        shop.deliver(SECOND_RUN)
        deliver_in(shop.folder)
        assert ids_in(shop) == expected, f"killed at point {point}"
        fates = shop.log()
        assert {fates[message][0] for message in expected} == {"sent"}, f"killed at point {point}"
        shutil.rmtree(shop.folder)
