"""`engage template preview` and `engage consent verify`, and templates in `engage check`."""

import json
from pathlib import Path

import pytest

from engage_cli.messaging.unsubscribe import Subscription, sign
from tests.cli.running import Engage

CONFIG = """\
project: shop
timezone: Europe/London
person_timezone: {trait: timezone}
sources: {profiles: {path: profiles.csv}}
messaging:
  channels: {email: {address: email, from: "Acme <a@acme.example>"}, sms: {address: phone}}
  language: {trait: language}
  urls: {unsubscribe: "https://acme.example/u/{token}"}
"""
PROFILES = "user_id,first_name,email,phone,language,timezone\n007,Ana,ana@acme.example,+442079460000,fr,Asia/Tokyo\n../x,,,,,\n"
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENGAGE_UNSUBSCRIBE_KEY", raising=False)
    templates = tmp_path / "campaigns" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (tmp_path / "profiles.csv").write_text(PROFILES)
    hi = "---\nsubject: \"{} {{{{ profile.first_name | default('x') }}}}\"\n---\n<p>{{{{ context.at | default('2026-11-23T20:00:00Z') | time }}}}</p><a href='{{{{ unsubscribe_url }}}}'>x</a>"
    (templates / "hi.html").write_text(hi.format("Hi"))
    (templates / "hi.fr.html").write_text(hi.format("Salut"))
    (templates / "call.txt").write_text("{{ profile.first_name | default('you') }} – STOP")
    return tmp_path


def test_a_preview_is_written_as_the_user_would_get_it(shop: Path, engage: Engage) -> None:
    ran = engage("template", "preview", "hi", "--user", "007", "--json")
    document = json.loads(ran.out)
    assert (document["subject"], document["language"], document["to"]) == ("Salut Ana", "fr", "ana@acme.example")
    assert document["text"] == "05:00\n\nx (https://acme.example/u/preview)"
    assert document["files"] == ["out/previews/hi.email.007.html", "out/previews/hi.email.007.txt"]
    assert "<p>05:00</p>" in (shop / document["files"][0]).read_text()


def test_a_preview_says_that_nothing_can_be_sent_to_an_address_that_is_none(shop: Path, engage: Engage) -> None:
    (shop / "profiles.csv").write_text("user_id,first_name,email,phone\n007,Ana,not an email,12\n008,Bo,bo@acme.example,\n")
    ran = engage("template", "preview", "hi", "--user", "007")
    assert (ran.code, "warning: nothing is sent to 007: `not an email` is no email address" in ran.err) == (0, True)
    assert "is no phone number" in engage("template", "preview", "call", "--user", "007").err
    assert [engage("template", "preview", one, "--user", "008").err for one in ("hi", "call")] == ["", ""], "no number is no wrong one"


def test_language_and_context_can_be_given(shop: Path, engage: Engage) -> None:
    ran = engage("template", "preview", "hi", "--user", "007", "--language", "en", "--context", "at=2026-11-23T03:30:00Z", "--json")
    assert json.loads(ran.out)["subject"] == "Hi Ana"
    assert "12:30" in json.loads(ran.out)["text"]


def test_a_text_message_shows_its_segments(shop: Path, engage: Engage) -> None:
    ran = engage("template", "preview", "call", "--user", "007")
    assert "1 segment in UCS-2, 10 units" in ran.out
    assert "what rules that out: `–`" in ran.out


def test_an_id_is_never_a_path(shop: Path, engage: Engage) -> None:
    ran = engage("template", "preview", "call", "--user", "../x", "--json")
    [file] = json.loads(ran.out)["files"]
    assert (shop / file).parent == shop / "out" / "previews"
    assert ".." not in file


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["hii", "--user", "007"], 2, "did you mean `hi`?"),
        (["hi", "--user", "nobody"], 2, "`nobody` is in none of the sources"),
        (["hi", "--user", "007", "--context", "x"], 2, "`x` says no value"),
        (["hi", "--user", "007", "--context", "at=never"], 1, "campaigns/templates/hi.fr.html:4: the message cannot be rendered for 007"),
        (["call", "--user", "007", "--channel", "push"], 0, ""),
        (["hi", "--user", "007", "--channel", "sms"], 3, "the template `hi` has no text for sms"),
    ],
)
def test_what_cannot_be_previewed(shop: Path, engage: Engage, arguments: list[str], code: int, said: str) -> None:
    ran = engage("template", "preview", *arguments)
    assert ran.code == code
    assert said in ran.err


def test_check_reads_templates(shop: Path, engage: Engage) -> None:
    assert engage("check").out == "2 definitions checked: no problems\n"
    (shop / "campaigns" / "templates" / "call.txt").write_text("STOP\n{{ profile.frist_name }}")
    ran = engage("check")
    assert ran.code == 3
    assert "campaigns/templates/call.txt:2:4: error[missing-default]: `profile.frist_name` may be missing" in ran.out
    assert "campaigns/templates/call.txt:2:4: warning[unknown-trait]: no profile has a trait `frist_name`" in ran.out
    assert "unknown-trait" not in engage("check", "--no-data").out


@pytest.mark.parametrize(
    ("trait", "code"),
    [
        ("event: Viewed\ncompute: count", 0),
        ("event: Viewed\ncompute: distinct_days", 0),
        ("event: Viewed\ncompute: sum\nproperty: price", 0),
        ("event: Viewed\ncompute: unique_count\nproperty: price", 0),
        ("event: Viewed\ncompute: max\nproperty: price", 3),
        ("event: Viewed\ncompute: max\nproperty: price\ndefault: 5", 0),
    ],
)
def test_a_trait_that_is_never_missing_needs_no_default(trait: str, code: int, shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "traits").mkdir()
    (shop / "campaigns" / "traits" / "seen.yaml").write_text(f"trait: seen\n{trait}\n")
    (shop / "campaigns" / "templates" / "call.txt").write_text("STOP {{ profile.seen | number }}")
    ran = engage("check", "--no-data")
    assert (ran.code, "error[missing-default]" in ran.out) == (code, code == 3), ran.out


def test_a_token_says_what_it_stands_for(shop: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign(Subscription("007", "email", "news", "m1"), KEY.encode())
    assert "ENGAGE_UNSUBSCRIBE_KEY is not set" in engage("consent", "verify", token).err
    monkeypatch.setenv("ENGAGE_UNSUBSCRIBE_KEY", KEY)
    assert engage("consent", "verify", token).out == "007 unsubscribes from the group news of email\n  by the link of the message m1\n"
    row = engage("consent", "verify", token, "--row", "--as-of", "2026-11-23T10:00Z").out
    assert json.loads(row) == {
        "user_id": "007", "channel": "email", "group": "news", "status": "unsubscribed", "updated_at": "2026-11-23T10:00:00Z"
    }  # fmt: skip
    (shop / "unsubscribed.jsonl").write_text(row)
    assert "1 row: 1 added" in engage("consent", "import", "unsubscribed.jsonl").out
    ran = engage("consent", "verify", token[:-1])
    assert (ran.code, ran.out) == (1, "")
    assert "the token's signature is not right" in ran.err
