"""Messages to a real web server that misbehaves on purpose."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engage_cli.definitions.sending import Provider
from engage_cli.delivery import pace
from engage_cli.delivery.answers import Outcome, Secrets
from engage_cli.delivery.webhook import WebhookCourier
from engage_cli.errors import EngageError
from engage_cli.messaging.message import read_message
from tests.delivery.project import AS_OF, FIRST_RUN, SECOND_RUN, Shop, one, rows_of
from tests.delivery.servers import Site, free_port, web_server

Counts = dict[str, int]


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    with web_server(site) as url:
        yield url


def shop_in(folder: Path, url: str, beside: str = "at_once: 1", webhook: str = "", **options: Any) -> Shop:
    """A project that posts emails; `beside`: further keys of the destination, `webhook` of the webhook."""
    hook = f"  hook: {{type: messages, channel: email, webhook: {{url: {url}/in{webhook}}}, {beside}}}"
    return Shop(folder / "shop", hook, **options)


def test_each_message_is_posted_once_with_its_id_as_the_key(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(12))
    assert one(shop.deliver()) == {"sent": 12}
    assert one(shop.deliver(FIRST_RUN)) == {"before": 12}
    assert site.keys == [row["message_id"] for row in rows_of(12)]
    first = rows_of(1)[0]
    assert site.requests[0].json == {
        **{name: value for name, value in first.items() if name != "send_at"},
        "channel": "email",
        "category": "marketing",
    }


BUSY = (429, {"Retry-After": "1"}, "slow down")
BROKEN = (500, {}, "oops")


@pytest.mark.parametrize(
    ("script", "counts", "requests"),
    [
        ([BROKEN, BROKEN], {"sent": 2}, 4),
        ([(503, {"Retry-After": "0"}, "")], {"sent": 2}, 3),
        ([BROKEN] * 3, {"waiting": 1, "sent": 1}, 4),
        ([(400, {}, "no such template")], {"refused": 1, "sent": 1}, 2),
        ([(302, {"Location": "http://elsewhere.example"}, "")], {"waiting": 1, "sent": 1}, 2),
        ([(504, {}, "gateway")], {"uncertain": 1, "sent": 1}, 2),
        (["drop"], {"uncertain": 1, "sent": 1}, 2),
        (["hang"], {"uncertain": 1, "sent": 1}, 2),
    ],
    ids=["500", "503", "500 too often", "400", "redirect", "504", "drop", "hang"],
)
def test_what_a_server_does_is_understood(tmp_path: Path, site: Site, url: str, script: list[Any], counts: Counts, requests: int) -> None:
    shop = shop_in(tmp_path, url, "at_once: 1, attempts: 3, timeout: 1 second")
    shop.run(rows_of(2))
    site.script += script
    assert one(shop.deliver()) == counts
    assert len(site.requests) == requests
    settled = sum(number for fate, number in counts.items() if fate != "waiting")
    again = one(shop.deliver(FIRST_RUN))
    assert again == {"before": settled, **({"sent": 1} if settled < 2 else {})}


def test_a_server_that_asks_for_time_gets_it_from_all(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url, "at_once: 3")
    shop.run(rows_of(6))
    site.script += [BUSY]
    assert one(shop.deliver()) == {"sent": 6}
    waited = max(request.at for request in site.requests) - site.requests[0].at
    assert waited > 0.9
    assert len(site.requests) == 7


def test_a_server_that_asks_for_hours_is_left_alone(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(3))
    site.script += [(429, {"Retry-After": "7200"}, "come back later")]
    result = shop.deliver()
    assert one(result) == {"waiting": 1, "left": 2}
    assert result.stopped == "the destination `hook` wants to be left alone for 7200 seconds: 429: come back later"
    assert one(shop.deliver()) == {"sent": 3}


def test_what_got_no_answer_is_asked_again_of_one_who_heeds_keys(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url, webhook=", idempotent: true")
    shop.run(rows_of(2))
    site.script += ["drop"]
    assert one(shop.deliver()) == {"sent": 2}
    first, second = (row["message_id"] for row in rows_of(2))
    assert site.keys == [first, first, second]


def test_what_stays_uncertain_is_asked_again_by_the_next_delivery_of_one_who_heeds_keys(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url, "at_once: 1, attempts: 1", webhook=", idempotent: true")
    shop.run(rows_of(2))
    site.script += ["drop"]
    assert one(shop.deliver()) == {"uncertain": 1, "sent": 1}
    assert one(shop.deliver()) == {"before": 1, "sent": 1}
    assert shop.deliver().channels == ()
    first, second = (row["message_id"] for row in rows_of(2))
    assert site.keys == [first, second, first]


def test_uncertain_ones_of_all_runs_are_sent_again_where_that_is_asked_for(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(2))
    shop.run(rows_of(4)[2:], name=SECOND_RUN)
    site.script += ["drop"]
    shop.deliver()
    assert shop.deliver().channels == ()
    assert one(shop.deliver(resend_uncertain=True)) == {"before": 1, "sent": 1}
    assert shop.deliver(resend_uncertain=True).channels == ()


def test_a_server_that_asks_for_time_after_the_last_attempt_gets_it_too(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url, "at_once: 1, attempts: 1")
    shop.run(rows_of(1))
    shop.run(rows_of(2)[1:], name=SECOND_RUN)
    site.script += [BUSY]
    result = shop.deliver()
    assert [(each.waiting, each.sent) for each in result.channels] == [(1, 0), (0, 1)]
    first, second = site.requests
    assert second.at - first.at > 0.9


def test_no_more_are_under_way_than_said_and_no_faster(tmp_path: Path, site: Site, url: str) -> None:
    site.slowly = 0.05
    shop = shop_in(tmp_path, url, "at_once: 3")
    shop.run(rows_of(20))
    assert one(shop.deliver()) == {"sent": 20}
    assert site.most_at_once == 3
    site.slowly, site.requests = 0.0, []
    slow = Shop(
        tmp_path / "slow", f"  hook: {{type: messages, channel: email, webhook: {{url: {url}}}, rate: {{at_most: 20, per: 1 second}}}}"
    )
    slow.run(rows_of(11))
    slow.deliver()
    times = sorted(request.at for request in site.requests)
    assert times[-1] - times[0] >= 0.4


def test_secrets_go_along_and_are_never_shown(tmp_path: Path, site: Site, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "t0k3n-of-the-hook")
    monkeypatch.setenv("SHOP_KEY", "k3y-of-the-shop")
    shop = shop_in(tmp_path, url, webhook=", bearer: {env: HOOK_TOKEN}, headers: {X-Shop: acme, X-Key: {env: SHOP_KEY}}")
    shop.run(rows_of(2))
    site.script += [(400, {}, "Bearer t0k3n-of-the-hook may not, nor k3y-of-the-shop")]
    result = shop.deliver()
    headers = site.requests[0].headers
    assert (headers["authorization"], headers["x-key"], headers["x-shop"]) == ("Bearer t0k3n-of-the-hook", "k3y-of-the-shop", "acme")
    [failure] = result.channels[0].failures
    assert failure.answer == "Bearer *** may not, nor ***"
    files = b"".join(path.read_bytes() for path in (shop.folder / ".engage").rglob("*") if path.is_file())
    assert b"t0k3n" not in files
    assert b"k3y-of" not in files


def test_a_wrong_token_stops_everything(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(5))
    site.script += [(401, {}, "who are you?")]
    result = shop.deliver()
    assert one(result) == {"waiting": 1, "left": 4}
    assert result.stopped == "the destination `hook` lets us send nothing: 401: who are you?"
    assert one(shop.deliver()) == {"sent": 5}


@pytest.mark.parametrize("address", ["hooks.example.com/x", "ftp://hooks.example.com/x", "https://", "https://hooks.example.com:x/y"])
def test_what_is_no_address_is_told_before_anything_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HOOK_URL", address)
    shop = Shop(tmp_path / "shop", "  hook: {type: messages, channel: email, webhook: {url: {env: HOOK_URL}}}")
    shop.run(rows_of(1))
    with pytest.raises(EngageError, match="the environment variable HOOK_URL holds no address that takes requests") as told:
        shop.deliver()
    assert address not in str(told.value)
    assert shop.log() == {}


def test_no_secret_goes_over_an_open_connection_to_an_address_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", "http://hooks.example.com/x")
    monkeypatch.setenv("HOOK_TOKEN", "t0k3n")
    hook = "webhook: {url: {env: HOOK_URL}, bearer: {env: HOOK_TOKEN}}"
    shop = Shop(tmp_path / "shop", f"  hook: {{type: messages, channel: email, {hook}}}")
    shop.run(rows_of(1))
    with pytest.raises(EngageError, match="a secret of the destination `hook` would go over an open connection"):
        shop.deliver()
    assert shop.log() == {}


def test_what_could_not_leave_is_not_uncertain(site: Site, url: str) -> None:
    message = read_message(json.dumps(rows_of(1)[0]), "email", "here")
    for address in ("hooks.example.com/x", "https://hooks.example.com:x/y", "ftp://hooks.example.com"):
        courier = WebhookCourier(address, Provider.GENERIC, {}, {}, timeout=1.0, headers_of=lambda _message: {}, secrets=Secrets(()))
        assert courier.send(message, lambda: True).outcome is Outcome.BARRED
        courier.close()
    courier = WebhookCourier(url, Provider.GENERIC, {}, {"X-Bad": "a\nb"}, timeout=1.0, headers_of=lambda _message: {}, secrets=Secrets(()))
    assert courier.send(message, lambda: True).outcome is Outcome.BARRED
    courier.close()
    assert site.requests == []


@pytest.mark.parametrize("status", [302, 403, 404, 405])
def test_a_wrong_address_settles_nothing(tmp_path: Path, site: Site, url: str, status: int) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(8))
    site.script += [(status, {}, "not here")] * 100
    result = shop.deliver()
    assert one(result) == {"waiting": 5, "left": 3}
    assert result.stopped == f"the destination `hook` refuses everything; the last it said was {status}: not here"
    assert len(site.requests) == 5
    site.script.clear()
    assert one(shop.deliver()) == {"sent": 8}


def test_a_wrong_address_is_told_also_of_one_message(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(1))
    site.script += [(404, {}, "not here")]
    result = shop.deliver()
    assert one(result) == {"waiting": 1}
    assert result.stopped is not None
    assert one(shop.deliver()) == {"sent": 1}


def test_one_that_is_not_found_where_others_were_taken_is_refused(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(9))
    site.script += [(404, {}, "who?"), (200, {}, "taken"), *[(404, {}, "who?")] * 6]
    result = shop.deliver()
    assert (one(result), result.stopped) == ({"waiting": 1, "sent": 2, "refused": 6}, None)
    assert one(shop.deliver()) == {"before": 8, "sent": 1}


def test_a_device_that_is_gone_says_nothing_of_the_address(tmp_path: Path, site: Site, url: str) -> None:
    hook = f"  hook: {{type: messages, channel: push, provider: firebase, webhook: {{url: {url}}}, at_once: 1}}"
    shop = Shop(tmp_path / "shop", hook)
    config = shop.folder / "engage.yaml"
    config.write_text(config.read_text().replace("sms: {", "push: {address: phone}, sms: {"))
    shop.run(rows_of(2, category="transactional"), channel="push")
    gone = '{"error": {"code": 404, "status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}}'
    site.script += [(404, {}, gone)]
    assert one(shop.deliver(), "push") == {"refused": 1, "sent": 1}


def test_a_long_row_of_refusals_stops_and_what_was_refused_goes_out_again(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(25))
    site.script += [(400, {}, "no such template")] * 100
    result = shop.deliver()
    assert one(result) == {"refused": 20, "left": 5}
    assert result.hint is not None
    assert "--resend-refused" in result.hint
    site.script.clear()
    assert one(shop.deliver()) == {"before": 20, "sent": 5}
    assert shop.deliver().channels == ()
    assert one(shop.deliver(resend_refused=True)) == {"before": 5, "sent": 20}
    assert sorted(site.keys[-25:]) == sorted(row["message_id"] for row in rows_of(25))


def test_the_way_back_is_told_with_what_was_refused(tmp_path: Path, site: Site, url: str) -> None:
    shop = shop_in(tmp_path, url)
    shop.run(rows_of(2))
    site.script += [(200, {}, ""), (400, {}, "no such template")]
    told = shop.command()
    assert told.returncode == 1
    assert "refused: --resend-refused sends them again, once what was wrong is mended" in told.stdout
    assert shop.command("--resend-refused").returncode == 0
    assert len(site.requests) == 3


def test_a_server_that_is_away_stops_one_channel_and_not_the_other(
    tmp_path: Path, site: Site, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_TOKEN", "open sesame")
    away = f"http://127.0.0.1:{free_port()}"
    texts = f"{{url: {url}, basic: {{username: AC0, password: {{env: TWILIO_TOKEN}}}}}}"
    shop = Shop(
        tmp_path / "shop",
        f"  hook: {{type: messages, channel: email, webhook: {{url: {away}}}, attempts: 2}}\n"
        f"  texts: {{type: messages, channel: sms, provider: twilio, webhook: {texts}}}",
    )
    shop.run(rows_of(9))
    shop.run([{**rows_of(1)[0], "message_id": "s1", "to": "+447911000000", "from": None, "html": None}], channel="sms")
    result = shop.deliver()
    assert result.stopped is not None
    assert one(result, "sms") == {"sent": 1}
    assert sum(one(result).values()) == 9
    [request] = site.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body.startswith(b"To=%2B447911000000&From=ACME&Body=Hello+u0.")
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"AC0:open sesame"


def test_a_message_that_a_provider_has_no_place_for_is_refused_here(tmp_path: Path, site: Site, url: str) -> None:
    hook = f"  hook: {{type: messages, channel: email, provider: sendgrid, webhook: {{url: {url}}}}}"
    shop = Shop(tmp_path / "shop", hook)
    shop.run(rows_of(1, subject=None))
    result = shop.deliver()
    assert one(result) == {"refused": 1}
    assert result.channels[0].failures[0].answer == "the message has no subject"
    assert site.requests == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Mon, 23 Nov 2026 11:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", 0.0),
        ("soon", None),
        (None, None),
        ("-1", None),
    ],
)
def test_the_forms_of_retry_after(value: str | None, seconds: float | None) -> None:
    assert pace.retry_after(value, AS_OF) == seconds


def test_waits_grow_and_end() -> None:
    assert [pace.backoff(1) <= 0.01 for _ in range(20)] == [True] * 20
    assert 0.02 <= pace.backoff(3) <= 0.04
    assert pace.backoff(19) <= pace.LONGEST_WAIT
