"""A run that may send signed links asks for the key before it does anything else, and `check` warns where there is none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engage_cli.errors import EngageError, ExitCode
from engage_cli.messaging.unsubscribe import KEY_VARIABLE
from engage_cli.service.check import check
from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys
from engage_cli.source import Severity
from tests.journeys.shop import files_of, make_shop

URLS = '  urls: {unsubscribe: "https://acme.example/u/{token}"}\ndestinations:'


def shop(folder: Path, send: str = "") -> Path:
    make_shop(folder)
    config = folder / "engage.yaml"
    config.write_text(config.read_text().replace("destinations:", URLS))
    journey = folder / "campaigns/journeys/cart.yaml"
    journey.write_text(journey.read_text().replace("id: nudge,", f"id: nudge, {send}"))
    return folder


def tick(folder: Path, *, dry_run: bool = False) -> None:
    tick_journeys(folder, [], as_of=datetime(2026, 11, 5, tzinfo=UTC), dry_run=dry_run, progress=SILENT)


def test_without_a_key_a_run_ends_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "data/events.csv").write_text("nothing that can be read\n")
    for key, why in ((None, "is not set"), ("short", "fewer than 16 characters")):
        monkeypatch.delenv(KEY_VARIABLE, raising=False) if key is None else monkeypatch.setenv(KEY_VARIABLE, key)
        with pytest.raises(EngageError, match=f"{KEY_VARIABLE}.*{why}|{why}.*{KEY_VARIABLE}|in {KEY_VARIABLE} has {why}") as raised:
            tick(folder)
        assert raised.value.exit_code is ExitCode.FAILED and "`nudge`" in raised.value.message
    assert files_of(folder) == {}


def test_nobody_needs_a_key_who_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    tick(shop(tmp_path / "transactional", "category: transactional,"))
    tick(make_shop(tmp_path / "without_links"))
    tick(shop(tmp_path / "looked_at"), dry_run=True)


def test_check_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shop(tmp_path / "shop", "category: transactional, render: variables,")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    [issue] = [one for one in check(folder, progress=SILENT).issues if one.code == "no-key"]
    assert issue.severity is Severity.WARNING and str(issue.span) == "campaigns/journeys/cart.yaml:18:6" and "openssl" in (issue.hint or "")
    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough")
    assert not [one for one in check(folder, progress=SILENT).issues if one.code == "no-key"]
