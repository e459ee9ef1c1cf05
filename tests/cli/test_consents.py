"""`engage consent import` and `list`: what files are taken, row by row, and what is said about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from engage_cli.errors import ExitCode
from tests.cli.running import Engage, Ran

HEADER = "user_id,channel,group,status,updated_at"
AS_OF = "2026-11-23T10:00Z"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "people.csv").write_text("user_id\nana\n")
    (tmp_path / "engage.yaml").write_text(
        "project: shop\ntimezone: Europe/Berlin\nsources: {profiles: {path: people.csv}}\n"
        "messaging: {channels: {email: {address: email}, sms: {address: phone}}, groups: [promotions]}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imports(engage: Engage, text: str | bytes, *more: str, name: str = "given.csv") -> Ran:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return engage("consent", "import", name, "--as-of", AS_OF, *more)


def stored(folder: Path) -> list[dict[str, Any]]:
    paths = sorted((folder / ".engage" / "consents").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_what_is_said_and_written(folder: Path, engage: Engage) -> None:
    ran = imports(
        engage, f"{HEADER}\nana,email,,subscribed,2026-11-20T08:00:00+01:00\nben,email,promotion,subscribed,\n007,sms,,unsubscribed,\n"
    )
    assert ran.code == ExitCode.INVALID, "there were bad rows"
    assert ran.out.splitlines() == [
        "channel  group  status        rows",
        "email    -      subscribed       1",
        "sms      -      unsubscribed     1",
        "3 rows: 2 added, 0 known before, 1 refused",
    ]
    assert "warning: 1 row of given.csv is refused" in ran.err
    assert "all of them, with their reasons: given.csv.errors.csv" in ran.err
    assert stored(folder) == [
        {"user_id": "ana", "channel": "email", "status": "subscribed", "updated_at": "2026-11-20T07:00:00Z"},
        {"user_id": "007", "channel": "sms", "status": "unsubscribed", "updated_at": "2026-11-23T10:00:00Z"},
    ]
    reason = "`messaging` in engage.yaml declares no group `promotion`; did you mean `promotions`?"
    assert Path("given.csv.errors.csv").read_text() == f"row,code,reason\n3,group,{reason}\n"
    again = imports(engage, f"{HEADER}\nana,email,,subscribed,2026-11-20T07:00:00Z\n")
    assert (again.code, again.out) == (ExitCode.DONE, "1 row: 0 added, 1 known before, 0 refused\n")


REFUSED = {
    ",email,,subscribed,": "no-user-id",
    "a,,,subscribed,": "no-channel",
    "a,email,,,": "no-status",
    "a,fax,,subscribed,": "channel",
    "a,email,Promotions,subscribed,": "group",
    "a,email,,SUBSCRIBED,": "status",
    "a,email,,none,": "status",
    "a,email,,subscribed,2026-11-23T10:00:00.000001Z": "future",
    "a,email,,subscribed,2026-11-24": "future",
    "a,email,,subscribed,2026-02-30": "instant",
    "a,email,,subscribed,yesterday": "instant",
    "a,email,,subscribed,0001-01-01T00:00+02:00": "instant",
    "a,email,,subscribed": "columns",
    "a,email,,subscribed,,": "columns",
    'a,"email,,subscribed,': "csv",
}


@pytest.mark.parametrize("row", REFUSED)
def test_a_bad_row_is_named_and_stops_no_other(row: str, folder: Path, engage: Engage) -> None:
    ran = imports(engage, f"{HEADER}\nfirst,email,,subscribed,\n\n{row}\nlast,sms,,subscribed,\n", "--json")
    assert ran.code == ExitCode.INVALID
    assert [(one["row"], one["code"]) for one in ran.document["refused"]] == [(4, REFUSED[row])]
    assert [one["user_id"] for one in stored(folder)] == ["first", "last"]


READ = {
    "2026-11-23T10:00Z": "2026-11-23T10:00:00Z",
    "2026-11-23T11:00:00+01:00": "2026-11-23T10:00:00Z",
    "2026-11-01 08:30": "2026-11-01T08:30:00Z",
    "2026-07-01": "2026-06-30T22:00:00Z",
    "2026-11-01T08:30:00.1234567Z": "2026-11-01T08:30:00.123456Z",
    "1795000000": "2026-11-18T11:06:40Z",
    "1795000000123": "2026-11-18T11:06:40.123Z",
}


@pytest.mark.parametrize("text", READ)
def test_instants_are_read_as_in_other_data(text: str, folder: Path, engage: Engage) -> None:
    assert imports(engage, f"{HEADER}\nana,email,,subscribed,{text}\n").code == ExitCode.DONE
    assert [one["updated_at"] for one in stored(folder)] == [READ[text]]


def test_rows_without_an_instant_that_contradict_each_other_are_refused(folder: Path, engage: Engage) -> None:
    rows = [
        "ana,email,,subscribed,",
        "ana,email,,unsubscribed,",
        "ana,sms,,subscribed,",
        "ana,sms,,subscribed,",
        "ana,email,,subscribed,2026-01-01",
    ]
    ran = imports(engage, "\n".join([HEADER, *rows, ""]), "--json")
    assert [(one["row"], one["code"]) for one in ran.document["refused"]] == [(2, "conflict"), (3, "conflict")]
    assert (ran.document["added"], ran.document["known"]) == (2, 1)


def test_lines_of_json(folder: Path, engage: Engage) -> None:
    lines = [
        '{"user_id": 12345678901234567890, "channel": "email", "status": "subscribed", "group": null, "updated_at": 1795000000}',
        '{"user_id": "b\\"c,d", "channel": "email", "group": "promotions", "status": "unsubscribed"}',
        '["no object"]',
        "[]",
        "{broken",
        '{"user_id": 1.5, "channel": "email", "status": "subscribed"}',
        '{"user_id": "a", "channel": {"x": 1}, "status": "subscribed"}',
        '{"user_id": "a", "channel": "email", "status": "subscribed", "grp": "promotions"}',
        '{"user_id": "a", "channel": "email", "status": "subscribed", "status": "unsubscribed"}',
        '{"user_id": "a\\ud800", "channel": "email", "status": "subscribed"}',
        '{"user_id": "a\\u0000", "channel": "email", "status": "subscribed"}',
    ]
    ran = imports(engage, "\n".join(lines), "--json", name="given.jsonl")
    codes = [(one["row"], one["code"]) for one in ran.document["refused"]]
    assert codes == [
        *((3, "json"), (4, "json"), (5, "json"), (6, "type"), (7, "type"), (8, "unknown-field"), (9, "unknown-field")),
        *((10, "encoding"), (11, "encoding")),
    ]
    assert [(one["user_id"], one.get("group")) for one in stored(folder)] == [("12345678901234567890", None), ('b"c,d', "promotions")]
    shown = engage("consent", "list", "--user", 'b"c,d', "--as-of", AS_OF, "--json").document
    assert shown["states"] == [
        {"channel": "email", "group": "promotions", "status": "unsubscribed", "updated_at": "2026-11-23T10:00:00Z", "state": "unsubscribed"}
    ]


def test_files_as_they_come(folder: Path, engage: Engage) -> None:
    text = '\ufeffstatus;channel;user_id\r\nsubscribed;email;ana\r\nsubscribed;email;"b;""c"\r\n'.encode() + b"subscribed;email;\xff\r\n"
    ran = imports(engage, text, "--json")
    assert [(one["row"], one["code"]) for one in ran.document["refused"]] == [(4, "encoding")]
    assert [one["user_id"] for one in stored(folder)] == ["ana", 'b;"c']


WRONG = {
    "user_id,channel,grp,status\n": (
        ExitCode.INVALID,
        "given.csv has a column `grp`, which is no field of a consent",
        "did you mean `group`?",
    ),
    "user_id,channel\n": (ExitCode.INVALID, "given.csv has no column `status`", "its columns are"),
    "": (ExitCode.INVALID, "given.csv has no column `user_id`", "its columns are"),
    "user_id,user_id,channel,status\n": (ExitCode.INVALID, "given.csv has two columns `user_id`", "leave one of them out"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_file_without_the_columns_is_not_read(text: str, folder: Path, engage: Engage) -> None:
    code, message, hint = WRONG[text]
    ran = imports(engage, text)
    assert ran.code == code
    assert f"error: {message}" in ran.err
    assert f"hint: {hint}" in ran.err
    assert not (folder / ".engage").exists()


@pytest.mark.parametrize("name", ["none.csv", "people.xlsx"])
def test_a_file_that_is_not_there_or_of_another_kind(name: str, folder: Path, engage: Engage) -> None:
    ran = engage("consent", "import", name)
    assert ran.code == ExitCode.USAGE
    assert "hint: " in ran.err


def test_a_dry_run_says_what_would_be_added(folder: Path, engage: Engage) -> None:
    rows = f"{HEADER}\nana,email,,subscribed,\n"
    assert "1 row: 1 would be added, 0 known before, 0 refused" in imports(engage, rows, "--dry-run").out
    assert imports(engage, rows, "--dry-run", "--detailed-exit-code").code == ExitCode.WOULD_CHANGE
    assert not (folder / ".engage").exists()
    assert imports(engage, rows, "--detailed-exit-code").code == ExitCode.USAGE


def test_the_file_of_errors_can_be_named(folder: Path, engage: Engage) -> None:
    ran = imports(engage, f"{HEADER}\nana,email,,,\n", "--errors", "bad/rows.csv", "--json")
    assert ran.document["errors_file"] == "bad/rows.csv"
    assert Path("bad/rows.csv").read_text() == "row,code,reason\n2,no-status,there is no status\n"


def test_lists(folder: Path, engage: Engage) -> None:
    assert engage("consent", "list", "--as-of", AS_OF).out == f"nobody has a subscription state as of {AS_OF.replace('Z', ':00Z')}\n"
    imports(engage, f"{HEADER}\nana,email,,unsubscribed,2026-11-20\nana,email,promotions,subscribed,2026-11-21\n")
    assert engage("consent", "list", "--as-of", AS_OF).out.splitlines() == [
        "channel  group       status        users",
        "email    -           unsubscribed      1",
        "email    promotions  subscribed        1",
    ]
    assert engage("consent", "list", "--user", "ana", "--as-of", AS_OF).out.splitlines() == [
        "channel  group       status        since                 state",
        "email    -           unsubscribed  2026-11-19T23:00:00Z  unsubscribed",
        "email    promotions  subscribed    2026-11-20T23:00:00Z  unsubscribed",
    ]
    assert "bob has no subscription state" in engage("consent", "list", "--user", "bob").out


def test_explain_shows_the_state_that_it_found(folder: Path, engage: Engage) -> None:
    (folder / "campaigns").mkdir()
    asked = "{consent: {channel: email, group: promotions}}"
    (folder / "campaigns" / "all.yaml").write_text(
        f"audience: reachable\nmembers: {{any: [{asked}, {{consent: {{channel: sms, status: none}}}}]}}\n"
    )
    imports(engage, f"{HEADER}\nana,email,,unsubscribed,2026-11-20\nana,email,promotions,subscribed,2026-11-21\n")
    tree = engage("audience", "explain", "reachable", "--user", "ana", "--as-of", AS_OF, "--json").document["tree"]
    shown = [(one["text"], one["holds"], one["values"], one["missing"]) for one in tree["parts"]]
    assert shown == [
        (
            "consent: {channel: email, group: promotions, status: subscribed}",
            False,
            [{"name": "status", "value": "unsubscribed"}],
            "the subscription state is unsubscribed",
        ),
        ("consent: {channel: sms, status: none}", True, [{"name": "status", "value": "none"}], None),
    ]
