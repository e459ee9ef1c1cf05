"""What is shown of a broadcast that was sent: dry runs, previews and the list say what the next run does."""

from pathlib import Path

import pytest

from engage_cli.errors import ExitCode
from tests.broadcasts.shop import SALE, candidates, decisions, query, write_events, write_shop
from tests.broadcasts.test_commands import in_shop, rows_of
from tests.cli.running import Engage

SLOW = SALE + "throttle: {at_most: 8, per: 1 hour}\n"


@pytest.fixture
def engage(capsys: pytest.CaptureFixture[str]) -> Engage:
    return Engage(capsys)


def waiting_in(shop: Path) -> str:
    """Somebody who waits."""
    return sorted(set(candidates(shop)) - set(decisions(shop)))[0]


def test_one_that_was_sent_early_is_looked_at_when_asked_for(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at its `send_at`, by when all that waits would be expired."""
    shop = in_shop(tmp_path / "shop", monkeypatch, SLOW)
    engage("broadcast", "send", "sale", "--now", "--as-of", "2026-11-20T10:00Z")
    idle = engage("broadcast", "send", "sale", "--dry-run", "--as-of", "2026-11-20T10:30Z")
    assert "2 wait, the next until 2026-11-20T11:00:00Z" in idle.out and "dry run as of 2026-11-20T10:30:00Z" in idle.out
    due = engage("broadcast", "send", "sale", "--dry-run", "--as-of", "2026-11-20T11:00Z")
    assert rows_of(due.out) == {"matched": 10, "sent before": 8, "to send": 2}
    seen = engage("broadcast", "preview", "sale", "--user", waiting_in(shop), "--as-of", "2026-11-20T10:30Z")
    assert "would be sent" in seen.out and "at: 2026-11-20T11:00:00Z" in seen.out


@pytest.mark.parametrize("text", [SLOW.replace("live", "draft"), None], ids=["draft", "removed"])
def test_of_one_that_was_stopped_nothing_more_would_be_sent(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, SLOW)
    (shop / "campaigns/broadcasts/other.yaml").write_text(SALE.replace("broadcast: sale", "broadcast: other").replace("live", "draft"))
    engage("broadcast", "send", "sale", "--as-of", "2026-11-27T09:00Z")
    user, file = waiting_in(shop), shop / "campaigns/broadcasts/sale.yaml"
    file.unlink() if text is None else file.write_text(text)
    for at in ("2026-11-27T09:30Z", "2026-11-27T10:30Z"):
        assert "would not be sent: not live (status)" in engage("broadcast", "preview", "sale", "--user", user, "--as-of", at).out
    listed = engage("broadcast", "list").out
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("sale")] == ["removed" if text is None else "stopped"]
    tried = engage("broadcast", "send", "sale", "--dry-run", "--as-of", "2026-11-27T10:00Z")
    assert tried.code == ExitCode.FAILED and rows_of(tried.out) == {"matched": 10, "not live": 2, "sent before": 8, "to send": 0}
    assert engage("broadcast", "send", "sale", "--as-of", "2026-11-27T10:00Z").code == ExitCode.DONE
    assert decisions(shop)[user] == "not_live"
    assert [line.split()[1] for line in engage("broadcast", "list").out.splitlines() if line.startswith("sale")] == ["sent"]


def test_one_that_was_cancelled_is_said_to_be(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its recipients were found: nobody is a recipient, and nobody will be."""
    in_shop(tmp_path / "shop", monkeypatch, SLOW)
    engage("broadcast", "cancel", "sale", "--as-of", "2026-11-20T10:00Z")
    seen = engage("broadcast", "preview", "sale", "--user", "ana", "--as-of", "2026-11-20T11:00Z")
    assert "was not sent: cancelled (broadcast cancel)" in seen.out
    tried = engage("broadcast", "send", "sale", "--dry-run", "--as-of", "2026-11-20T11:00Z")
    assert tried.code == ExitCode.FAILED
    assert "error: the broadcast `sale` was cancelled at 2026-11-20T10:00:00Z: nothing of it goes any more" in tried.err


@pytest.mark.parametrize("command", ["send", "cancel"])
def test_a_run_is_told_from_one_of_another_definition(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The id of the first run of a broadcast rests on what it says."""
    found = []
    for name, text in (("one", SALE), ("same", SALE + "description: Words\n"), ("other", SALE + "priority: 3\n")):
        shop = write_shop(tmp_path / name, text)
        monkeypatch.chdir(shop)
        assert engage("broadcast", command, "sale", "--as-of", "2026-11-27T09:00Z").code == ExitCode.DONE
        found += [run for (run,) in query(shop, "SELECT run_id FROM run")]
    assert found[0] == found[1] != found[2]


def test_a_plan_lists_broadcasts_that_are_new_edited_and_gone(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, SLOW)
    file = shop / "campaigns/broadcasts/sale.yaml"
    (shop / "campaigns/broadcasts/other.yaml").write_text(SALE.replace("broadcast: sale", "broadcast: other").replace("live", "draft"))
    assert "definitions" not in engage("plan", "--as-of", "2026-11-27T08:00Z").out, "its time has not come"
    assert "  new     broadcast sale" in engage("plan", "--as-of", "2026-11-27T09:00Z").out.splitlines()
    engage("run", "--as-of", "2026-11-27T09:00Z")
    assert "definitions" not in engage("plan", "--as-of", "2026-11-27T09:30Z").out
    file.write_text(SLOW.replace("at_most: 8", "at_most: 9"))
    edited = engage("plan", "--as-of", "2026-11-27T09:30Z", "--detailed-exit-code")
    assert edited.code == ExitCode.DONE, "the edit changes nothing about it"
    assert [line.strip() for line in edited.out.splitlines()[1:3]] == [
        "edited  broadcast sale",
        "2 people who wait get it as it was when it was sent",
    ]
    file.unlink()
    removed = engage("plan", "--as-of", "2026-11-27T09:30Z", "--json").document["definitions"]
    assert [(one["kind"], one["name"], one["change"], one["waiting"]["people"]) for one in removed] == [("broadcast", "sale", "removed", 2)]
    engage("run", "--as-of", "2026-11-27T10:00Z")
    assert "definitions" not in engage("plan", "--as-of", "2026-11-27T10:30Z").out


def test_rows_that_cannot_be_read_are_told(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever reads data: in the document, and on standard error."""
    shop = in_shop(tmp_path / "shop", monkeypatch, SLOW)
    write_events(shop, ["ana,Signed Up,someday,", "ben,Signed Up,2026-11-20T09:00:00Z,"])
    late = (shop / "campaigns/broadcasts/sale.yaml").read_text().replace("{everyone: true}", "{not: {event: Left}}")
    (shop / "campaigns/broadcasts/sale.yaml").write_text(late + "goal: {on: {event: Signed Up}, for: 3 days}\n")
    seen = engage("broadcast", "preview", "sale", "--user", "ana", "--as-of", "2026-11-27T09:00Z")
    assert seen.code == ExitCode.DONE and "1 row cannot be read" in seen.err
    [stage] = engage("run", "--as-of", "2026-11-27T09:00Z", "--json").document["stages"]
    assert [one["rows"] for one in stage["data"]["rejects"]] == [1] and stage["data"]["rejects_file"]
    sent = engage("broadcast", "send", "sale", "--as-of", "2026-11-27T10:00Z", "--json").document
    assert [one["rows"] for one in sent["data"]["rejects"]] == [1]
    assert "1 row cannot be read" in engage("broadcast", "status", "sale", "--as-of", "2026-11-28T09:00Z").err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SALE.replace("live", "draft"), "the broadcast `sale` is a draft, which nobody sends"),
        (SALE + "expect: {at_most: 3}\n", "the broadcast `sale` has 10 recipients, and expects at most 3"),
    ],
    ids=["draft", "expect"],
)
def test_a_preview_says_that_nobody_gets_it_as_it_stands(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    in_shop(tmp_path / "shop", monkeypatch, text)
    seen = engage("broadcast", "preview", "sale", "--user", "ana", "--as-of", "2026-11-27T09:00Z")
    assert f"but nobody gets it as it stands: {why}" in seen.out.splitlines() and "would be sent" in seen.out
