"""A run that cannot do one of its stages: what a key's absence stops before anything is done, and what is told of the stages before."""

from pathlib import Path

import pytest

from engage_cli.errors import ExitCode
from engage_cli.messaging.unsubscribe import KEY_VARIABLE
from tests.broadcasts.shop import CONFIG, SALE, TEMPLATE, write_shop
from tests.cli.running import Engage

LINKS = CONFIG + '  urls: {unsubscribe: "https://acme.example/u/{token}"}\n'
EVERYBODY = "audience: everybody\nmembers: {everyone: true}\n"


@pytest.fixture
def engage(capsys: pytest.CaptureFixture[str]) -> Engage:
    return Engage(capsys)


def in_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, broadcast: str = SALE, config: str = CONFIG) -> Path:
    """A shop with an audience and a broadcast."""
    shop = write_shop(folder, broadcast, config=config)
    (shop / "campaigns/audiences").mkdir()
    (shop / "campaigns/audiences/everybody.yaml").write_text(EVERYBODY)
    monkeypatch.chdir(shop)
    return shop


def test_without_a_key_no_stage_is_done_and_a_plan_warns(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, config=LINKS)
    (shop / "campaigns/templates/sale.txt").write_text(TEMPLATE + "Unsubscribe: {{ unsubscribe_url }}\n")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    planned = engage("plan", "--as-of", "2026-11-27T09:00Z")
    assert planned.code == ExitCode.DONE and f"warning: the environment variable {KEY_VARIABLE} is not set" in planned.err
    ran = engage("run", "--as-of", "2026-11-27T09:00Z")
    assert ran.code == ExitCode.FAILED and KEY_VARIABLE in ran.err and not (shop / "out").exists()
    assert engage("run", "--as-of", "2026-11-27T08:00Z").code == ExitCode.DONE, "nothing is due that has a link"
    assert engage("plan", "--as-of", "2026-11-27T08:30Z", "--json").document["missing"] is None
    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough")
    assert engage("plan", "--as-of", "2026-11-27T09:00Z", "--json").document["missing"] is None
    assert engage("run", "--as-of", "2026-11-27T09:00Z").code == ExitCode.DONE


def test_of_a_run_that_stops_at_a_late_stage_what_was_done_is_told(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broadcast shows what no message has; its audience is built by then."""
    shop = in_shop(tmp_path / "shop", monkeypatch)
    (shop / "campaigns/templates/sale.txt").write_text(TEMPLATE + "{% for one in entities.orders %}{{ one.id }}{% endfor %}\n")
    ran = engage("run", "--as-of", "2026-11-27T09:00Z")
    assert ran.code == ExitCode.FAILED and "error: " in ran.err and "`orders`" in ran.err
    assert "everybody" in ran.out and "stopped at the broadcasts" in ran.out and (shop / "out/audiences/everybody").exists()
    document = engage("run", "--as-of", "2026-11-27T10:00Z", "--json").document
    assert [stage["stage"] for stage in document["stages"]] == ["audiences"] and document["stopped_at"] == "broadcasts"
    assert document["error"]["exit_code"] == ExitCode.FAILED and "`orders`" in document["error"]["message"]
