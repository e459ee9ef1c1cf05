"""Emails to a real mail server: each comes once, whole, with the headers that it needs; whatever the server says is kept."""

import email
import email.policy
import re
import sqlite3
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engage_cli.errors import EngageError, LockedError
from engage_cli.messaging.unsubscribe import Subscription, keys_of, verify
from engage_cli.service.forget import forget
from engage_cli.service.progress import SILENT
from engage_cli.state.lock import hold_lock
from tests.delivery.project import AS_OF, FIRST_RUN, KEY, SECOND_RUN, Shop, one, rows_of
from tests.delivery.servers import Mailbox, accepts, free_port, mail_server
from tests.state.support import at

TLS = Path(__file__).parent / "tls"
URLS = ', urls: {unsubscribe: "https://acme.example/u/{token}"}'


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    with mail_server(mailbox) as port:
        yield port


def shop_in(folder: Path, port: int, beside: str = "", **options: Any) -> Shop:
    """A project that delivers to the port of a mail server; `beside`: further keys of the destination."""
    mail = f"  mail: {{type: messages, channel: email, smtp: {{host: 127.0.0.1, port: {port}, security: none}}{beside}}}"
    return Shop(folder / "shop", mail, **options)


def test_each_message_comes_once(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.run(rows_of(25))
    assert one(shop.deliver()) == {"sent": 25}
    assert sorted(mailbox.recipients) == sorted(f"u{at}@example.com" for at in range(25))
    assert one(shop.deliver(FIRST_RUN)) == {"before": 25}
    assert shop.deliver().channels == ()
    assert len(mailbox.mails) == 25


def test_an_email_is_whole(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, more=URLS)
    [row] = rows_of(
        1,
        subject="Grüße, " + "ä" * 90,
        text="Bonjour\n.\n..\nFrom here on: é " + "x" * 2000,
        reply_to="Help <help@acme.example>",
        group="news",
    )
    shop.run([row])
    assert one(shop.deliver()) == {"sent": 1}
    [raw] = mailbox.mails
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["Subject"] == row["subject"]
    assert (mail["From"], mail["To"], mail["Reply-To"]) == (row["from"], row["to"], row["reply_to"])
    assert mail["Message-ID"] == f"<{row['message_id']}@acme.example>"
    assert mail["Date"] is not None
    text, html = mail.iter_parts()
    contents = [part.get_content().replace("\r\n", "\n").removesuffix("\n") for part in (text, html)]
    assert contents == [row["text"], row["html"]]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = re.fullmatch(r"<https://acme\.example/u/([^>]+)>", mail["List-Unsubscribe"])
    assert token is not None
    assert verify(token[1], keys_of(KEY)) == Subscription("u0", "email", "news", row["message_id"])


def test_a_transactional_email_offers_no_unsubscribing(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, more=URLS)
    shop.run(rows_of(1, category="transactional"))
    assert one(shop.deliver()) == {"sent": 1}
    assert b"List-Unsubscribe" not in mailbox.mails[0]


def test_what_a_server_refuses_is_kept_with_its_words(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1")
    shop.run(rows_of(3))
    mailbox.replies += ["550 5.1.1 no such user"]
    result = shop.deliver()
    assert one(result) == {"sent": 2, "refused": 1}
    [failure] = result.channels[0].failures
    assert (failure.message_id, failure.fate, failure.code, failure.answer) == (
        rows_of(1)[0]["message_id"],
        "refused",
        "550",
        "5.1.1 no such user",
    )
    assert not result.is_whole
    assert one(shop.deliver(FIRST_RUN)) == {"before": 3}


def test_a_refused_sender_settles_nothing(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1")
    shop.run(rows_of(3))
    mailbox.senders += ["550 5.7.1 not your domain"]
    result = shop.deliver()
    assert one(result) == {"waiting": 1, "left": 2}
    assert result.stopped == "the destination `mail` lets us send nothing: 550: 5.7.1 not your domain"
    assert one(shop.deliver()) == {"sent": 3}


def test_what_was_refused_is_sent_again_where_that_is_asked_for(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1")
    shop.run(rows_of(3))
    mailbox.replies += ["550 5.1.1 no such user"]
    assert one(shop.deliver()) == {"sent": 2, "refused": 1}
    assert shop.deliver(resend_uncertain=True).channels == ()
    assert one(shop.deliver(resend_refused=True)) == {"before": 2, "sent": 1}
    assert len(mailbox.mails) == 3


def test_what_a_server_cannot_take_now_is_tried_again(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1, attempts: 3")
    shop.run(rows_of(2))
    mailbox.replies += ["450 busy", "250 OK"]
    mailbox.answers += ["451 not now"]
    assert one(shop.deliver()) == {"sent": 2}
    assert [attempts for _, _, attempts in shop.log().values()] == [1, 3]


def test_what_waits_is_handed_over_by_the_next_delivery(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1, attempts: 2")
    shop.run(rows_of(2))
    mailbox.replies += ["450 busy"] * 2
    assert one(shop.deliver()) == {"sent": 1, "waiting": 1}
    assert one(shop.deliver()) == {"before": 1, "sent": 1}
    assert len(mailbox.mails) == 2


def test_a_lost_answer_is_uncertain_and_not_sent_again(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1")
    shop.run(rows_of(3))
    mailbox.drop_after = True
    assert one(shop.deliver()) == {"sent": 2, "uncertain": 1}
    assert sorted(mailbox.recipients) == ["u0@example.com", "u1@example.com", "u2@example.com"]
    assert one(shop.deliver(FIRST_RUN)) == {"before": 3}
    assert len(mailbox.mails) == 3
    assert one(shop.deliver(FIRST_RUN, resend_uncertain=True)) == {"before": 2, "sent": 1}
    assert len(mailbox.mails) == 4


def test_no_server_stops_a_delivery_and_nothing_is_lost(tmp_path: Path, mailbox: Mailbox) -> None:
    port = free_port()
    shop = shop_in(tmp_path, port, ", attempts: 2")
    shop.run(rows_of(20))
    result = shop.deliver()
    assert result.stopped is not None
    assert result.stopped.startswith("the destination `mail` cannot be reached")
    counts = one(result)
    assert counts["waiting"] + counts["left"] == 20
    with mail_server(mailbox, port):
        assert one(shop.deliver()) == {"sent": 20}


def test_a_server_that_takes_nothing_for_long_is_left_alone(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", attempts: 1, at_once: 1")
    shop.run(rows_of(30))
    mailbox.replies += ["450 busy"] * 100
    result = shop.deliver()
    assert one(result) == {"waiting": 25, "left": 5}
    assert result.stopped is not None
    assert "takes nothing at present" in result.stopped


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_wrong_password_stops_everything_and_is_not_shown(tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"authenticator": accepts, "auth_require_tls": False, "auth_required": True}
    with mail_server(mailbox, **options) as port:
        login = "username: {env: MAIL_USER}, password: {env: MAIL_PASSWORD}"
        shop = Shop(
            tmp_path / "shop",
            f"  mail: {{type: messages, channel: email, smtp: {{host: 127.0.0.1, port: {port}, security: none, {login}}}}}",
        )
        shop.run(rows_of(5))
        monkeypatch.setenv("MAIL_USER", "shop")
        with pytest.raises(EngageError, match="the environment variable MAIL_PASSWORD is not set, which the destination `mail` needs"):
            shop.deliver()
        monkeypatch.setenv("MAIL_PASSWORD", "secret words")
        result = shop.deliver()
        assert result.stopped is not None
        assert result.stopped.startswith("the destination `mail` lets us send nothing: 535")
        assert "secret words" not in repr(result)
        assert b"secret words" not in (shop.folder / ".engage" / "deliveries.sqlite").read_bytes()
        monkeypatch.setenv("MAIL_PASSWORD", "open sesame")
        assert one(shop.deliver()) == {"sent": 5}
    assert len(mailbox.mails) == 5


def test_no_password_goes_to_a_server_without_encryption(
    tmp_path: Path, mailbox: Mailbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path / "shop", f"  mail: {{type: messages, channel: email, smtp: {{host: 127.0.0.1, port: {port}}}}}")
    shop.run(rows_of(2))
    result = shop.deliver()
    assert result.stopped is not None
    assert "STARTTLS" in result.stopped
    assert mailbox.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_connection_is_to_the_right_server(
    tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    login = "username: shop, password: {env: MAIL_PASSWORD}"
    monkeypatch.setenv("MAIL_PASSWORD", "open sesame")
    own = (
        {"tls_context": context, "require_starttls": True}
        if security == "starttls"
        else {"ssl_context": context, "auth_require_tls": False}
    )
    with mail_server(mailbox, authenticator=accepts, **own) as port:
        server = f"{{host: localhost, port: {port}, security: {security}, {login}}}"
        shop = Shop(tmp_path / "shop", f"  mail: {{type: messages, channel: email, smtp: {server}, attempts: 1}}")
        shop.run(rows_of(2))
        stranger = shop.deliver()
        assert stranger.stopped is not None
        assert "CERTIFICATE_VERIFY_FAILED" in stranger.stopped
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cert.pem"))
        assert one(shop.deliver()) == {"sent": 2}
    assert len(mailbox.mails) == 2


def test_consent_is_asked_again(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.people([f"u{at},u{at}@example.com," for at in range(6)] + ["old,U5@Example.com ,"])
    told = [
        "u0,email,,subscribed",
        "u1,email,,unsubscribed",
        "u2,email,news,subscribed",
        "u3,email,,did_not_subscribe",
        "u5,email,,subscribed",
    ]
    shop.consents([*told, "old,email,,unsubscribed"])
    shop.run([*rows_of(8, group="news")])
    assert one(shop.deliver()) == {"sent": 2, "skipped": 6}
    assert sorted(mailbox.recipients) == ["u0@example.com", "u2@example.com"]
    reasons = {at: shop.log().get(row["message_id"]) for at, row in enumerate(rows_of(8))}
    assert [reasons[at][1] for at in (1, 3, 4, 5, 6)] == ["unsubscribed", "no_consent", "no_consent", "unsubscribed", "unknown"]  # type: ignore[index]


def test_nobody_who_was_forgotten_is_written_to(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.people([*(f"u{at},u{at}@example.com," for at in range(4)), "gone,U2@Example.com,"])
    shop.run(rows_of(4, category="transactional"))
    for user in ("u1", "gone"):
        forget(shop.folder, user, dry_run=False, wait=0, progress=SILENT)
    assert one(shop.deliver()) == {"sent": 2, "skipped": 2}
    assert sorted(mailbox.recipients) == ["u0@example.com", "u3@example.com"]
    reasons = shop.log()
    assert [reasons[row["message_id"]][1] for row in rows_of(3)[1:]] == ["suppressed", "suppressed"]
    with sqlite3.connect(shop.folder / ".engage/deliveries.sqlite") as log:
        assert log.execute("SELECT DISTINCT user_id FROM delivery ORDER BY 1").fetchall() == [("",), ("u0",), ("u2",), ("u3",)]


def test_the_log_says_no_word_of_whom_was_forgotten_and_nothing_is_sent_again(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.people([f"u{at},u{at}@example.com," for at in range(3)])
    shop.run([{**row, "user_id": "zebra" if row["user_id"] == "u1" else row["user_id"]} for row in rows_of(3, category="transactional")])
    shop.people(["zebra,u1@example.com,", "u0,u0@example.com,", "u2,u2@example.com,"])
    assert one(shop.deliver()) == {"sent": 3}
    before, log = shop.log(), shop.folder / ".engage/deliveries.sqlite"
    assert b"zebra" in log.read_bytes()
    forget(shop.folder, "zebra", dry_run=False, wait=0, progress=SILENT)
    assert b"zebra" not in log.read_bytes()
    assert shop.log() == before, "what became of the messages stays"
    assert shop.deliver().channels == ()
    assert len(mailbox.recipients) == 3
    assert b"zebra" not in log.read_bytes()


def test_nobody_who_is_suppressed_is_written_to(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.people([f"u{at},u{at}@example.com," for at in range(4)])
    shop.run(rows_of(4, category="transactional"))
    (shop.folder / "never.csv").write_text("user_id,address\nu1,\n,U2@example.COM\n")
    config = shop.folder / "engage.yaml"
    config.write_text(config.read_text().replace("sources:", "sources:\n  suppressions: {path: never.csv}", 1))
    assert one(shop.deliver()) == {"sent": 2, "skipped": 2}
    assert sorted(mailbox.recipients) == ["u0@example.com", "u3@example.com"]


def test_a_transactional_message_asks_no_consent(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.consents(["u0,email,,unsubscribed"])
    shop.run(rows_of(2, category="transactional"))
    assert one(shop.deliver()) == {"sent": 2}


def test_a_message_that_comes_too_late_is_not_sent(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", expires_after: 30 minutes")
    shop.run([*rows_of(1), *rows_of(3, send_at="2026-11-23T10:30:00Z")[1:2], *rows_of(3, send_at="2026-11-23T11:00:01Z")[2:]])
    assert one(shop.deliver()) == {"sent": 1, "expired": 1, "waiting": 1}
    assert mailbox.recipients == ["u1@example.com"]
    assert one(shop.deliver(as_of=at(12))) == {"before": 1, "expired": 2}


def test_all_runs_are_delivered_the_oldest_first(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port, ", at_once: 1")
    shop.run(rows_of(4)[2:], name=SECOND_RUN)
    shop.run(rows_of(2))
    result = shop.deliver()
    assert [(each.run, each.sent) for each in result.channels] == [(FIRST_RUN, 2), (SECOND_RUN, 2)]
    assert mailbox.recipients == [f"u{at}@example.com" for at in range(4)]
    assert one(shop.deliver(SECOND_RUN[-8:])) == {"before": 2}


def test_a_message_that_stands_twice_is_sent_once(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.run(rows_of(3) + rows_of(3))
    shop.run(rows_of(2), name=SECOND_RUN)
    shop.deliver()
    assert sorted(mailbox.recipients) == ["u0@example.com", "u1@example.com", "u2@example.com"]


def test_a_changed_file_is_not_sent(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.run(rows_of(2))
    file = shop.outputs / "runs" / FIRST_RUN / "messages" / "email.jsonl"
    file.write_text(file.read_text().replace("u1@example.com", "thief@example.com"))
    with pytest.raises(EngageError, match="is not the file that the run wrote"):
        shop.deliver()
    assert mailbox.mails == []


def test_two_deliveries_at_once_are_one_after_the_other(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.run(rows_of(2))
    with (
        hold_lock(shop.folder / ".engage" / "deliveries.lock", command="deliver", started=AS_OF, wait=0),
        pytest.raises(LockedError, match="another run holds the delivery log"),
    ):
        shop.deliver()
    assert mailbox.mails == []


def test_a_dry_run_sends_and_writes_nothing(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.consents(["u0,email,,subscribed"])
    shop.run(rows_of(2))
    assert one(shop.deliver(dry_run=True)) == {"sent": 1, "skipped": 1}
    assert mailbox.mails == []
    assert not (shop.folder / ".engage" / "deliveries.sqlite").exists()


def test_a_channel_that_nothing_takes_is_told(tmp_path: Path, mailbox: Mailbox, port: int) -> None:
    shop = shop_in(tmp_path, port)
    shop.run(rows_of(2))
    shop.run(rows_of(3), channel="sms")
    result = shop.deliver()
    assert [(each.channel, each.destination, each.sent, each.messages) for each in result.channels] == [
        ("email", "mail", 2, 2),
        ("sms", None, 0, 3),
    ]
