"""`engage broadcast …` as somebody types it: what is printed, the documents, the exit codes; and broadcasts in `engage run` and `plan`."""

import json
from pathlib import Path

import pytest

from engage_cli.errors import ExitCode
from tests.broadcasts.shop import CONFIG, SALE, TEMPLATE, decisions, instant, query, write_events, write_shop
from tests.broadcasts.test_sending import TESTED, files_of
from tests.cli.running import Engage

ORDERED = SALE + "throttle: {at_most: 4, per: 1 hour}\nexclude: {trait: first_name, eq: Joe}\n"
TIMES = ("--as-of", "2026-11-27T09:30Z")


@pytest.fixture
def engage(capsys: pytest.CaptureFixture[str]) -> Engage:
    return Engage(capsys)


def in_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, broadcast: str = ORDERED, **given: object) -> Path:
    """The shop, where the test then is."""
    shop = write_shop(folder, broadcast, **given)  # type: ignore[arg-type]  # passed on as it is
    monkeypatch.chdir(shop)
    return shop


def rows_of(printed: str) -> dict[str, int]:
    """The rows of a waterfall that was printed."""
    lines = [line.rsplit(maxsplit=1) for line in printed.splitlines()]
    return {words[0].strip(): int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}


def test_a_dry_run_shows_the_waterfall_and_two_messages_and_writes_nothing(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, unsubscribed=["ana", "ben", "cleo", "dan", "eve", "fay", "gus", "hal"])
    ran = engage("broadcast", "send", "sale", "--dry-run", "--as-of", "2026-11-20")
    assert ran.code == ExitCode.DONE, ran.err
    counts = rows_of(ran.out)
    assert counts["matched"] == 10 and counts["excluded"] == 1
    assert counts["to send"] + counts["deferred: sent later"] + counts.get("no consent", 0) == 9
    assert "  Hi Ida. all" in ran.out.splitlines()
    assert not (shop / ".engage/state.duckdb").exists() and not (shop / "out").exists()
    ran = engage("broadcast", "send", "sale", "--dry-run", "--detailed-exit-code")
    assert ran.code == ExitCode.WOULD_CHANGE


def test_a_dry_run_needs_no_key_of_links_and_says_that_sending_does(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, config=CONFIG + '  urls: {unsubscribe: "https://acme.example/u/{token}"}\n')
    monkeypatch.delenv("ENGAGE_UNSUBSCRIBE_KEY", raising=False)
    (shop / "campaigns/templates/sale.txt").write_text(TEMPLATE + "Unsubscribe: {{ unsubscribe_url }}\n")
    tried = [engage("broadcast", "send", "sale", "--dry-run", *TIMES) for _ in range(2)]
    assert tried[0] == tried[1] and tried[0].code == ExitCode.DONE
    assert "  Unsubscribe: https://acme.example/u/2." in tried[0].out
    assert "warning: the environment variable ENGAGE_UNSUBSCRIBE_KEY is not set" in tried[0].err
    assert engage("broadcast", "send", "sale", *TIMES).code == ExitCode.FAILED
    assert query(shop, "SELECT * FROM candidate") == []


def test_messages_that_come_with_their_variables_are_shown_and_previewed_with_them(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, SALE + "render: variables\n")
    tried = engage("broadcast", "send", "sale", "--dry-run", "--json", *TIMES)
    assert tried.code == ExitCode.DONE, tried.err
    shown = json.loads(tried.out)["trial"]["samples"]
    seen = json.loads(engage("broadcast", "preview", "sale", "--user", "ana", "--json", *TIMES).out)["lines"]
    engage("broadcast", "send", "sale", *TIMES)
    [file] = shop.glob("out/runs/*/messages/email.jsonl")
    written = {line["message_id"]: line for line in map(json.loads, file.read_text().splitlines())}
    assert len(written) == 10 and all(line["variables"]["profile"]["first_name"] for line in written.values())
    assert [one["line"] for one in shown] == [written[one["line"]["message_id"]] for one in shown] and len(shown) == 2
    assert seen == [line for line in written.values() if line["user_id"] == "ana"]
    again = json.loads(engage("broadcast", "preview", "sale", "--user", "ana", "--json", *TIMES).out)["lines"]
    assert again == seen


def test_a_dry_run_of_text_messages_counts_their_segments(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, SALE.replace("email", "sms"))
    (shop / "campaigns/templates/sale.txt").write_text("{{ profile.note }} STOP\n")
    rows = ["ana,+447400123456,short", f"ben,+447400123457,{'long ' * 60}"]
    (shop / "data/profiles.csv").write_text("user_id,phone,note\n" + "".join(f"{row}\n" for row in rows))
    ran = engage("broadcast", "send", "sale", "--dry-run", *TIMES)
    assert ran.code == ExitCode.DONE, ran.err
    assert "2 text messages of 3 segments: 1 of 1 segment, 1 of 2 segments" in ran.out
    trial = engage("broadcast", "send", "sale", "--dry-run", "--json", *TIMES).document["trial"]
    assert trial["segments"] == [{"segments": 1, "messages": 1}, {"segments": 2, "messages": 1}]


@pytest.mark.parametrize(
    ("broadcast", "template", "problem"),
    [
        (SALE.replace("live", "draft"), None, "the broadcast `sale` is a draft, which nobody sends"),
        (SALE + "expect: {at_most: 3}\n", None, "the broadcast `sale` has 10 recipients, and expects at most 3"),
        (SALE, "---\nsubject: Sale\n---\nHi {{ profile.timezone }}\n", "6 of its messages cannot be rendered, such as: "),
    ],
    ids=["draft", "expect", "unrenderable"],
)
def test_a_dry_run_with_a_problem_fails_and_still_counts(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch, broadcast: str, template: str | None, problem: str
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, broadcast)
    if template is not None:
        (shop / "campaigns/templates/sale.txt").write_text(template)
    ran = engage("broadcast", "send", "sale", "--dry-run", *TIMES)
    assert ran.code == ExitCode.FAILED
    assert f"error: {problem}" in ran.err
    counts = rows_of(ran.out)
    assert counts["matched"] == 10 == counts["to send"] + counts.get("unrenderable", 0)
    assert not (shop / ".engage/state.duckdb").exists()


def test_what_a_dry_run_says_comes_true(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, TESTED + "throttle: {at_most: 3, per: 1 hour}\n", unsubscribed=["ana", "ida"])
    said = engage("broadcast", "send", "sale", "--dry-run", "--json", *TIMES).document["broadcasts"][0]["waterfall"]
    done = engage("broadcast", "send", "sale", "--json", "--verbose", *TIMES).document
    assert {"deciding about messages", "writing"} <= {one["stage"] for one in done["timings"]}
    assert done["broadcasts"][0]["waterfall"] == said
    assert engage("broadcast", "status", "sale", "--json").document["waterfall"] == said
    assert said["sent"] + sum(said["skipped"].values()) + said["deferred"] == said["matched"] == 10
    sent, skipped = files_of(shop)
    assert (len(sent), len(skipped)) == (said["sent"], sum(said["skipped"].values()))
    [lines] = [line for line in engage("broadcast", "list").out.splitlines() if line.startswith("sale")]
    assert lines.split()[:2] == ["sale", "sending"]


def test_a_run_sends_what_is_due_and_a_plan_says_so(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch)
    assert "nothing was due of 1 broadcast" in engage("run", "--as-of", "2026-11-27T08:59Z").out
    planned = engage("plan", *TIMES, "--detailed-exit-code")
    assert planned.code == ExitCode.WOULD_CHANGE
    assert ["sale", "10", "4", "1", "5"] in [line.split()[:5] for line in planned.out.splitlines()]
    ran = engage("run", *TIMES)
    assert "1 broadcast as of 2026-11-27T09:30:00Z: 4 sent, 1 not sent" in ran.out
    assert list(decisions(shop).values()).count("sent") == 4
    [stage] = engage("run", "--as-of", "2026-11-27T13:30Z", "--json").document["stages"]
    assert stage["broadcasts"][0]["waterfall"] | {"skipped": None} == {
        "matched": 10,
        "skipped": None,
        "later": 0,
        "open": 0,
        "deferred": 0,
        "sent": 9,
    }


def test_a_run_with_a_refused_broadcast_fails_and_does_the_others(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch)
    other = SALE.replace("broadcast: sale", "broadcast: other") + "expect: {at_most: 3}\n"
    (shop / "campaigns/broadcasts/other.yaml").write_text(other)
    ran = engage("run", *TIMES)
    assert ran.code == ExitCode.FAILED
    assert "error: the broadcast `other` has 10 recipients, and expects at most 3: nothing was sent" in ran.err
    assert query(shop, "SELECT DISTINCT campaign FROM message") == [("sale",)]


def test_the_status_has_the_lift_over_the_control(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = "variants:\n  - {name: letter, percent: 50}\n  - {name: nobody, percent: 50, control: true}\n"
    people = [(f"u{number:03}", f"u{number:03}@acme.example", "", "") for number in range(200)]
    goal = "goal: {on: {event: Order Completed}, for: 3 days}\n"
    shop = in_shop(tmp_path / "shop", monkeypatch, SALE + variants + goal, profiles=people)
    engage("broadcast", "send", "sale", *TIMES)
    drawn = dict(query(shop, "SELECT user_id, variant FROM candidate ORDER BY user_id"))
    of = {variant: [user for user, one in drawn.items() if one == variant] for variant in ("letter", "nobody")}
    buyers = [*of["letter"][:40], *of["nobody"][:15]]
    late = of["nobody"][20]
    clicked = query(shop, "SELECT user_id, message_id FROM message WHERE decision = 'sent' ORDER BY user_id LIMIT 10")
    write_events(
        shop,
        [f"{user},Order Completed,2026-11-28T09:00:00Z," for user in buyers]
        + [f"{late},Order Completed,2026-11-30T09:00:01Z,", f"{of['letter'][50]},Order Completed,2026-11-27T08:59:59Z,"]
        + [f"{user},Email Link Clicked,2026-11-27T12:00:00Z,{message}" for user, message in clicked],
    )
    document = engage("broadcast", "status", "sale", "--as-of", "2026-12-05", "--json").document
    letter, nobody = document["variants"]
    assert (letter["counts"]["people"], letter["counts"]["converted"]) == (len(of["letter"]), 40)
    assert (letter["counts"]["sent"], letter["counts"]["clicked"]) == (len(of["letter"]), 10)
    assert (nobody["counts"]["people"], nobody["counts"]["converted"], nobody["counts"]["sent"]) == (len(of["nobody"]), 15, 0)
    assert letter["lift"]["verdict"] == "better"
    assert letter["lift"]["low"] < letter["lift"]["value"] < letter["lift"]["high"]
    earlier = engage("broadcast", "status", "sale", "--as-of", "2026-11-28T08:00Z", "--json").document
    assert earlier["variants"][0]["counts"]["converted"] == 0
    assert "lift over control" in engage("broadcast", "status", "sale").out


def test_a_preview_says_what_somebody_gets_and_why_not(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_shop(
        tmp_path / "shop",
        monkeypatch,
        SALE + "throttle: {at_most: 4, per: 1 hour}\nexclude: {trait: first_name, eq: Joe}\n",
        unsubscribed=["ben"],
    )
    before = {name: engage("broadcast", "preview", "sale", "--user", name, "--as-of", "2026-11-20").out for name in ("ana", "ben", "joe")}
    assert "would be sent" in before["ana"] and "  Hi Ana. all" in before["ana"].splitlines()
    assert "would not be sent: no consent (email unsubscribed)" in before["ben"]
    assert "would not be sent: excluded (exclude)" in before["joe"]
    engage("broadcast", "send", "sale", *TIMES)
    engage("broadcast", "send", "sale", "--as-of", "2026-11-27T12:30Z")
    after = {name: engage("broadcast", "preview", "sale", "--user", name, *TIMES).out for name in ("ana", "ben", "joe")}
    assert "was sent" in after["ana"] and "  Hi Ana. all" in after["ana"].splitlines()
    assert "was not sent: no consent (email unsubscribed)" in after["ben"]
    assert engage("broadcast", "preview", "sale", "--user", "nobody").code == ExitCode.USAGE


def test_who_is_no_recipient_is_told_so(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_shop(tmp_path / "shop", monkeypatch, SALE.replace("{everyone: true}", "{trait: first_name, eq: Ana}"))
    assert "is not among the recipients" in engage("broadcast", "preview", "sale", "--user", "ben", *TIMES).out


def test_seeds_go_to_the_addresses_of_the_file_alone(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, TESTED.replace("live", "draft"))
    (shop / "seeds.csv").write_text("address,first_name\nme@acme.example,Me\nyou@ACME.example,\n")
    ran = engage("broadcast", "send", "sale", "--seeds", "seeds.csv", *TIMES)
    assert ran.code == ExitCode.DONE, ran.err
    assert ran.out == "4 test messages of sale to 2 addresses written to out/seeds/sale/email.jsonl\n"
    lines = [json.loads(line) for line in (shop / "out/seeds/sale/email.jsonl").read_text().splitlines()]
    assert [(line["to"], line["variant"], line["subject"]) for line in lines] == [
        ("me@acme.example", "a", "A"),
        ("you@acme.example", "a", "A"),
        ("me@acme.example", "b", "B"),
        ("you@acme.example", "b", "B"),
    ]
    assert lines[0]["text"] == "Hi Me. a" and lines[1]["text"] == "Hi there. a"
    assert not (shop / ".engage/state.duckdb").exists() and not (shop / "out/runs").exists()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("nobody\n", ExitCode.INVALID, "seeds.csv, row 1: `nobody` is no email address"),
        ("", ExitCode.INVALID, "seeds.csv has no address"),
        (None, ExitCode.USAGE, "seeds.csv cannot be read"),
    ],
    ids=["wrong", "empty", "missing"],
)
def test_seeds_that_are_none_are_refused(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch, text: str | None, code: ExitCode, words: str
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch)
    if text is not None:
        (shop / "seeds.csv").write_text(text)
    ran = engage("broadcast", "send", "sale", "--seeds", "seeds.csv")
    assert ran.code == code and words in ran.err


def test_seeds_have_the_zone_that_people_have_and_each_address_once(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch, config=CONFIG.replace("{trait: timezone}", "{trait: zone}"))
    (shop / "campaigns/templates/sale.txt").write_text("---\nsubject: Sale\n---\n{{ '2026-11-27T09:30:00Z' | time('HH:mm') }}\n")
    (shop / "seeds.csv").write_text("address,zone\nme@acme.example,Asia/Tokyo\nyou@acme.example,\nME@acme.example,Europe/Paris\n")
    ran = engage("broadcast", "send", "sale", "--seeds", "seeds.csv", *TIMES)
    assert ran.code == ExitCode.DONE and "2 test messages of sale to 2 addresses" in ran.out, ran.err
    lines = [json.loads(line) for line in (shop / "out/seeds/sale/email.jsonl").read_text().splitlines()]
    assert [line["to"] for line in lines] == ["me@acme.example", "you@acme.example"]
    assert [line["text"] for line in lines] == ["18:30", "09:30"]
    (shop / "seeds.csv").write_text("address,zone\nme@acme.example,Tokio\n")
    wrong = engage("broadcast", "send", "sale", "--seeds", "seeds.csv", *TIMES)
    assert wrong.code == ExitCode.INVALID and "seeds.csv, row 2: the zone `Tokio` is no time zone" in wrong.err


@pytest.mark.parametrize("option", [["--format", "parquet"], ["--strict"], ["--dry-run", "--detailed-exit-code"], ["--now"]])
def test_seeds_take_no_option_that_says_nothing_of_them(
    tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch)
    (shop / "seeds.csv").write_text("me@acme.example\n")
    ran = engage("broadcast", "send", "sale", "--seeds", "seeds.csv", *option)
    assert ran.code == ExitCode.USAGE and f"leave {next(one for one in option[::-1] if one.startswith('--'))} out" in ran.err


def test_a_cancel_skips_who_waits(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch)
    engage("broadcast", "send", "sale", *TIMES)
    assert engage("broadcast", "cancel", "sale", "--dry-run", "--detailed-exit-code", *TIMES).code == ExitCode.WOULD_CHANGE
    ran = engage("broadcast", "cancel", "sale", "--as-of", "2026-11-27T09:45Z")
    assert ran.code == ExitCode.DONE
    assert "sale cancelled as of 2026-11-27T09:45:00Z: 5 are not sent" in ran.out
    again = engage("broadcast", "send", "sale", "--as-of", "2026-11-27T10:30Z")
    assert again.code == ExitCode.FAILED and "was cancelled at 2026-11-27T09:45:00Z" in again.err
    assert sorted(set(decisions(shop).values())) == ["cancelled", "excluded", "sent"]
    assert engage("broadcast", "status", "sale").out.splitlines()[1] == "cancelled at 2026-11-27T09:45:00Z"
    assert instant("27T09:45") < instant("27T10:30")


def test_messages_are_written_in_the_format_asked_for(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = in_shop(tmp_path / "shop", monkeypatch)
    engage("broadcast", "send", "sale", "--format", "csv", *TIMES)
    [file] = shop.glob("out/runs/*/messages/*")
    assert file.name == "email.csv" and len(file.read_text().splitlines()) == 5


def test_unknown_broadcasts_are_told_with_the_nearest(tmp_path: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_shop(tmp_path / "shop", monkeypatch)
    for command in (["send", "sales"], ["status", "sales"], ["preview", "sales", "--user", "ana"], ["cancel", "sales"]):
        ran = engage("broadcast", *command)
        assert ran.code == ExitCode.USAGE
        assert "there is no broadcast `sales`" in ran.err and "did you mean `sale`?" in ran.err
