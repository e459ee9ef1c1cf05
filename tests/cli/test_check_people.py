"""What `check` and runs say of people: zones that are none, and messages that nobody has consented to."""

from pathlib import Path

import pytest

from engage_cli.errors import ExitCode
from tests.cli.running import Engage

CONFIG = """
project: shop
person_timezone: {trait: tz}
sources:
  events: {path: events.csv}
  profiles: {path: people.csv}
  consents: {path: consents.csv}
messaging:
  channels: {email: {address: email}}
  urls: {unsubscribe: "https://shop.example/u/{token}"}
"""
PEOPLE = """user_id,email,tz
ana,ana@example.com,Europe/London
ben,ben@example.com,Mars/Olympus
cleo,cleo@example.com,Atlantis
dan,dan@example.com,
"""
EVENTS = "user_id,event,timestamp\nana,Joined,2026-11-02T09:00:00Z\nben,Joined,2026-11-02T09:00:00Z\n"
JOURNEY = """
journey: hello
status: live
entry: {on: {event: Joined}, since: 2026-11-01}
steps:
  - {delay: 1 day, id: wait}
"""
SAID = "2 people have a time zone in `tz` that is none, such as `Atlantis`"


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of four people, two of whom have a zone that is none."""
    (tmp_path / "campaigns/journeys").mkdir(parents=True)
    (tmp_path / "campaigns/templates").mkdir()
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "consents.csv").write_text("user_id,channel,status\nana,email,subscribed\n")
    (tmp_path / "campaigns/journeys/hello.yaml").write_text(JOURNEY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_zones_that_are_none_are_told_of(people: Path, engage: Engage) -> None:
    ran = engage("check")
    assert (ran.code, f"warning[unknown-zone]: {SAID}" in ran.out) == (ExitCode.DONE, True), ran.out
    assert ran.out.endswith("1 definition checked: 0 errors, 1 warning\n")
    for dry in (["--dry-run"], []):
        ran = engage("journey", "tick", "--as-of", "2026-11-03T00:00Z", *dry)
        assert (ran.code, f"warning: {SAID}: it counts as missing" in ran.err) == (ExitCode.DONE, True), ran.err


def test_zones_that_are_zones_are_not(people: Path, engage: Engage) -> None:
    (people / "people.csv").write_text(PEOPLE.replace("Mars/Olympus", "America/New_York").replace("Atlantis", "UTC"))
    assert engage("check").out == "1 definition checked: no problems\n"
    assert "time zone" not in engage("journey", "tick", "--as-of", "2026-11-03T00:00Z").err


def test_marketing_without_consents_is_a_warning(people: Path, engage: Engage) -> None:
    send = "  - {send: hi, channel: email, id: hi}\n"
    (people / "campaigns/templates/hi.html").write_text('---\nsubject: "Hi"\n---\n<a href="{{ unsubscribe_url }}">Bye</a>\n')
    journey = people / "campaigns/journeys/hello.yaml"
    journey.write_text(JOURNEY + send)
    assert "no-consents" not in engage("check", "--no-data").out
    (people / "engage.yaml").write_text(CONFIG.replace("  consents: {path: consents.csv}\n", ""))
    for words in (["check", "--no-data"], ["check"]):
        ran = engage(*words)
        assert ran.code == ExitCode.DONE
        assert "campaigns/journeys/hello.yaml:7:6: warning[no-consents]: the project has no consents" in ran.out
    journey.write_text(JOURNEY + send.replace("channel", "category: transactional, channel"))
    assert "no-consents" not in engage("check", "--no-data").out
