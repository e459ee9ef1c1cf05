"""Lists and destinations in whole builds: accounts, computed traits, profiles that merge, exports, and what is shown and checked."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engage_cli.errors import UsageError
from engage_cli.service.build import build_audiences
from engage_cli.service.check import check
from engage_cli.service.list_export import export_list
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from tests.identity.shop import AS_OF, Shop

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def build(folder: Path, as_of: datetime = NOW, *, full: bool = False, dry_run: bool = False) -> BuildResult:
    return build_audiences(folder, (), as_of=as_of, file_format="jsonl", full=full, dry_run=dry_run, verbose=True, progress=SILENT)


def told(folder: Path, result: BuildResult, audience: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows that a build adds to the list of an audience and removes from it."""
    found = []
    for name in ("adds", "removes"):
        path = folder / "out/runs" / str(result.run) / "syncs/ads" / audience / f"{name}.csv"
        found.append(list(csv.DictReader(path.read_text().splitlines())) if path.exists() else [])
    return found[0], found[1]


SHOP = {
    "engage.yaml": """\
project: shop
sources:
  events: {path: "events*.csv"}
  profiles: {path: people.csv}
  accounts: {path: accounts.csv}
  memberships: {path: staff.csv}
destinations:
  ads: {type: list, columns: {mail: email, worth: spent, id: user_id}}
  partners: {type: list, columns: {domain: domain, account: account_id}}
""",
    "events.csv": "message_id,user_id,event,timestamp,revenue\n1,ana,Bought,2026-11-20T10:00:00Z,5\n2,ben,Bought,2026-11-20T10:00:00Z,7\n",
    "people.csv": "user_id,email\nana,ana@x\nben,ben@x\n" + "".join(f"idle_{number},\n" for number in range(20)),
    "accounts.csv": "account_id,domain\nacme,acme.example\nblue,\n",
    "staff.csv": "user_id,account_id\nana,acme\nben,blue\n",
    "campaigns/a.yaml": """\
trait: spent
compute: sum
event: Bought
property: revenue
---
audience: buyers
members: {event: Bought, within: 7 days}
sync: [ads]
---
audience: teams
of: accounts
members: {any_user: {event: Bought}}
sync: [partners]
""",
}


def test_a_list_has_computed_traits_and_lists_of_accounts_have_those_of_accounts(tmp_path: Path) -> None:
    folder = write(tmp_path, SHOP)
    result = build(folder)
    assert told(folder, result, "buyers") == (
        [{"mail": "ana@x", "worth": "5", "id": "ana"}, {"mail": "ben@x", "worth": "7", "id": "ben"}],
        [],
    )
    adds = (folder / "out/runs" / str(result.run) / "syncs/partners/teams/adds.csv").read_text()
    assert adds == "domain,account\nacme.example,acme\n,blue\n"
    again = build(folder, NOW + HOUR)
    assert (again.run is not None, again.written) == (True, ())


def test_values_that_change_are_told_though_few_users_are_looked_at(tmp_path: Path) -> None:
    """Ana buys again, which changes what she is worth, and Ben's address is another."""
    folder = write(tmp_path, SHOP)
    folder.joinpath("campaigns/a.yaml").write_text("audience: buyers\nmembers: {event: Bought, within: 7 days}\nsync: [ads]\n")
    config = folder / "engage.yaml"
    config.write_text(config.read_text().replace("worth: spent, ", ""))
    build(folder)
    write(folder, {"events2.csv": "message_id,user_id,event,timestamp,revenue\n3,idle_1,Bought,2026-11-23T10:30:00Z,1\n"})
    later = build(folder, NOW + HOUR)
    assert later.looked is not None and later.looked.audiences == ("buyers",)
    assert told(folder, later, "buyers") == ([{"mail": "", "id": "idle_1"}], [])
    write(folder, {"people.csv": SHOP["people.csv"].replace("ben@x", "new@x")})
    last = build(folder, NOW + 2 * HOUR)
    assert told(folder, last, "buyers") == ([{"mail": "new@x", "id": "ben"}], [{"mail": "ben@x", "id": "ben"}])


def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path, SHOP)
    first = build(folder, dry_run=True)
    assert not (folder / "out").exists()
    assert build(folder).syncs == first.syncs != ()
    assert build(folder, NOW + HOUR, full=True, dry_run=True).would_change


def test_an_export_has_the_rows_of_the_whole_list_and_records_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path, SHOP)
    shown = export_list(folder, "buyers", "ads", as_of=NOW, progress=SILENT)
    assert shown.lines == ("mail,worth,id", "ana@x,5,ana", "ben@x,7,ben")
    shown = export_list(folder, "teams", "partners", as_of=NOW, file_format="jsonl", progress=SILENT)
    assert [json.loads(line) for line in shown.lines] == [
        {"domain": "acme.example", "account": "acme"},
        {"domain": None, "account": "blue"},
    ]
    path = tmp_path / "buyers.jsonl"
    written = export_list(folder, "buyers", "ads", as_of=NOW, output=path, progress=SILENT)
    assert (written.rows, len(path.read_text().splitlines())) == (2, 2)
    assert not (folder / ".engage/state.duckdb").exists()
    with pytest.raises(UsageError, match="there is no destination of lists `add`") as raised:
        export_list(folder, "buyers", "add", as_of=NOW, progress=SILENT)
    assert raised.value.hint == "did you mean `ads`?"


def test_check_looks_for_the_traits_of_lists(tmp_path: Path) -> None:
    config = SHOP["engage.yaml"].replace("mail: email", "mail: emial").replace("domain: domain", "domain: domian")
    issues = check(write(tmp_path, {**SHOP, "engage.yaml": config}), progress=SILENT).issues
    assert [(issue.message, issue.hint) for issue in issues] == [
        ("no profile has a trait `emial`", "did you mean `email`?"),
        ("no account has a trait `domian`", "did you mean `domain`?"),
    ]


def test_traits_that_differ_in_capitals_alone_are_two(tmp_path: Path) -> None:
    config = SHOP["engage.yaml"].replace("mail: email, worth: spent", "mail: email, other: Email")
    people = '{"user_id": "ana", "email": "a@x", "Email": "b@x"}\n'
    files = {**SHOP, "engage.yaml": config.replace("people.csv", "people.jsonl"), "people.jsonl": people}
    folder = write(tmp_path, files)
    result = build(folder)
    assert told(folder, result, "buyers")[0][0] == {"mail": "a@x", "other": "b@x", "id": "ana"}


def test_a_member_keeps_their_row_under_another_id_of_their_profile(tmp_path: Path) -> None:
    """A device views, and turns out to be Ana's: her values are found under the id that the stay began with."""
    Shop((), (("ana", "ana@x", "free"),), ()).write(tmp_path, limits=(1, 5, 100))
    config = (tmp_path / "engage.yaml").read_text()
    destinations = "destinations:\n  ads: {type: list, columns: {mail: {trait: email, normalise: email}, plan: plan, id: user_id}}\n"
    (tmp_path / "engage.yaml").write_text(config + destinations)
    (tmp_path / "campaigns/audiences/a.yaml").write_text("audience: anybody\nanonymous: include\nmembers: {event: Viewed}\nsync: [ads]\n")
    view(tmp_path, 0, "", "phone", "2026-11-01")
    first = build(tmp_path, AS_OF - 48 * HOUR)
    assert told(tmp_path, first, "anybody")[0] == [{"mail": "", "plan": "", "id": "phone"}]
    view(tmp_path, 1, "ana", "phone", "2026-11-02")
    second = build(tmp_path, AS_OF - 24 * HOUR)
    assert [(one.entered, one.exited) for one in second.audiences] == [(0, 0)]
    assert told(tmp_path, second, "anybody") == (
        [{"mail": "ana@x", "plan": "free", "id": "ana"}],
        [{"mail": "", "plan": "", "id": "phone"}],
    )


def view(folder: Path, number: int, user: str, device: str, day: str) -> None:
    row = {"user_id": user, "anonymous_id": device, "event": "Viewed", "timestamp": f"{day}T10:00:00Z"}
    (folder / f"events/{number}.jsonl").write_text(json.dumps(row) + "\n")
