"""Every command against the starter project, from the arguments to the exit code."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from engage_cli.errors import ExitCode
from engage_cli.service.check import check
from engage_cli.service.export import lines
from engage_cli.service.progress import SILENT
from tests.cli.running import Engage, Ran

AUDIENCES = {"abandoned_cart", "big_spenders", "just_looking", "lapsed_customers", "new_customers", "win_back"}
BROKEN = 'audience: broken\nmembers: {trait: plan, eqq: "pro"}\n'
LATER = "2100-01-01T00:00Z"


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones too, but for the lock, which says who held it last."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def rows_of(text: str) -> dict[str, list[str]]:
    """The rows of a plain table by their first column."""
    return {words[0]: words[1:] for words in map(str.split, text.splitlines()) if words}


@pytest.fixture
def built(shop: Path, engage: Engage) -> Ran:
    """The first build of the starter project."""
    return engage("audience", "build", "--json")


def test_the_starter_project_has_no_problems(shop: Path, engage: Engage) -> None:
    ran = engage("check")
    assert (ran.code, ran.out) == (ExitCode.DONE, "10 definitions checked: no problems\n")
    document = engage("check", "--json").document
    assert (document["valid"], document["issues"], document["data"]["rejects"]) == (True, [], [])


def test_check_reads_what_a_run_published(built: Ran, shop: Path, engage: Engage) -> None:
    assert "the event store was made anew" not in engage("check", "--as-of", built.document["as_of"]).err
    result = check(shop, as_of=datetime.fromisoformat(built.document["as_of"]), progress=SILENT)
    assert (result.issues, result.data is not None and result.data.ingested) == ((), ())


def test_check_knows_the_properties_that_no_definition_asked_for_before(built: Ran, shop: Path, engage: Engage) -> None:
    asked = "audience: typo\nmembers: {event: Order Completed, where: {revenu: {gte: 1}}}\n"
    (shop / "campaigns" / "audiences" / "typo.yaml").write_text(asked)
    ran = engage("check")
    assert "warning[unknown-property]: no event `Order Completed` has a property `revenu`" in ran.out
    assert "did you mean `revenue`?" in ran.out
    assert "made anew" not in ran.err


def test_check_counts_rows_that_cannot_be_read_and_a_strict_build_minds_them_at_any_instant(shop: Path, engage: Engage) -> None:
    with (shop / "sample_data" / "events.jsonl").open("a") as events:
        events.write("{broken\n")
    summary = "10 definitions checked: 0 errors, 0 warnings, 1 row that cannot be read\n"
    for words, code in ((["check"], ExitCode.DONE), (["check", "--strict"], ExitCode.INVALID)):
        ran = engage(*words)
        assert (ran.code, ran.out) == (code, summary)
    as_of = engage("audience", "build", "--json").document["as_of"]
    again = ["audience", "build", "--as-of", as_of]
    assert engage(*again).code == ExitCode.DONE
    for words in (again, [*again, "--dry-run"]):
        ran = engage(*words, "--strict")
        assert (ran.code, "1 row cannot be read, the first in sample_data/events.jsonl" in ran.err) == (ExitCode.INVALID, True)


def test_a_strict_build_of_traits_minds_rows_that_cannot_be_read_at_an_instant_that_is_built(shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "traits").mkdir()
    (shop / "campaigns" / "traits" / "orders.yaml").write_text("trait: orders\nevent: Order Completed\ncompute: count\n")
    with (shop / "sample_data" / "events.jsonl").open("a") as events:
        events.write("{broken\n")
    words = ["trait", "build", "--as-of", LATER]
    assert [engage(*words, *strict).code for strict in ([], [], ["--strict"])] == [ExitCode.DONE, ExitCode.DONE, ExitCode.INVALID]


def test_check_is_quiet_about_notes(shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "journeys" / "pro.yaml").write_text(
        "journey: pro\nentry: {when: {trait: plan, eq: pro}, reentry: never}\nsteps:\n  - {delay: 1 day, id: wait}\n"
    )
    assert "note[undated]" in engage("check").out
    ran = engage("check", "--quiet")
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "11 definitions checked: no problems\n", "")


def test_every_audience_of_the_starter_project_has_members(built: Ran) -> None:
    assert {audience["name"] for audience in built.document["audiences"]} == AUDIENCES
    assert all(audience["size"] > 0 and audience["entered"] == audience["size"] for audience in built.document["audiences"])


def test_the_journey_and_the_broadcast_of_the_starter_project_have_people(shop: Path, engage: Engage) -> None:
    assert engage("run").code == ExitCode.DONE
    status = engage("journey", "status", "left_cart", "--json").document
    assert status["entered"] > 5
    trial = engage("broadcast", "send", "new_roast", "--dry-run")
    assert (trial.code, "no consent" in trial.out, "there is a new roast" in trial.out) == (ExitCode.DONE, True, True)


def test_a_build_says_what_it_did_and_where(shop: Path, engage: Engage) -> None:
    ran = engage("audience", "build")
    rows = rows_of(ran.out)
    assert rows["audience"] == ["size", "entered", "exited"]
    assert rows["win_back"][0] == rows["win_back"][1] != "0"
    assert " entered, 0 exited\n" in ran.out
    written = [Path(line.removeprefix("wrote ")) for line in ran.out.splitlines() if line.startswith("wrote ")]
    assert len(written) == 7
    assert all((shop / path).exists() for path in written)
    assert ran.err.startswith("read 3 files, ")


def test_the_same_instant_again_changes_nothing(shop: Path, engage: Engage, built: Ran) -> None:
    before = files_of(shop)
    ran = engage("audience", "build", "--as-of", built.document["as_of"])
    assert ran.code == ExitCode.DONE
    assert "from the same definitions and files: nothing changed" in ran.out
    assert files_of(shop) == before


def test_an_earlier_instant_is_refused(shop: Path, engage: Engage, built: Ran) -> None:
    ran = engage("audience", "build", "--as-of", "2020-01-01")
    assert ran.code != ExitCode.DONE
    assert "2020-01-01" in ran.err
    assert "Traceback" not in ran.err


def test_a_dry_run_writes_nothing(shop: Path, engage: Engage) -> None:
    before = files_of(shop)
    ran = engage("audience", "build", "--dry-run")
    assert (ran.code, files_of(shop)) == (ExitCode.DONE, before)
    assert "; nothing was written\n" in ran.out
    assert engage("audience", "build", "--dry-run", "--detailed-exit-code").code == ExitCode.WOULD_CHANGE


def test_a_dry_run_in_which_nothing_would_change(shop: Path, engage: Engage, built: Ran) -> None:
    ran = engage("audience", "build", "--dry-run", "--detailed-exit-code", "--as-of", built.document["as_of"])
    assert (ran.code, "nothing would change" in ran.out) == (ExitCode.DONE, True)


def test_one_audience_in_another_format(shop: Path, engage: Engage) -> None:
    document = engage("audience", "build", "win_back", "--format", "csv", "--json").document
    assert [audience["name"] for audience in document["audiences"]] == ["win_back"]
    assert "out/audiences/win_back/members.csv" in document["written"]


def test_verbose_shows_the_sql_and_the_timings(shop: Path, engage: Engage) -> None:
    ran = engage("audience", "build", "win_back", "--verbose")
    assert "SELECT" in ran.err
    assert "reading events and profiles: " in ran.err
    assert "SELECT" not in ran.out
    document = engage("audience", "build", "win_back", "--verbose", "--json", "--as-of", LATER).document
    assert document["sql"] and document["timings"]


def test_a_run_shows_the_sql_of_its_audiences_too(shop: Path, engage: Engage) -> None:
    ran = engage("run", "--verbose")
    assert "SELECT" in ran.err and "evaluating audiences: " in ran.err and "SELECT" not in ran.out


def test_quiet_says_nothing_beside_the_result(shop: Path, engage: Engage) -> None:
    assert engage("audience", "build", "--quiet").err == ""


def test_rows_that_cannot_be_read_are_shown_and_written(shop: Path, engage: Engage) -> None:
    events = shop / "sample_data" / "events.jsonl"
    events.write_text(events.read_text() + '{"user_id": "c_001", "event"\n{"event": "Order Completed", "timestamp": "2026-01-05T09:00Z"}\n')
    ran = engage("audience", "build", "win_back")
    assert ran.code == ExitCode.DONE
    assert "warning: 2 rows cannot be read and are left out" in ran.err
    assert "sample_data/events.jsonl" in ran.err
    assert "all of them, with their reasons: out/rejects.csv" in ran.err
    with (shop / "out" / "rejects.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2
    strict = engage("audience", "build", "win_back", "--strict", "--as-of", LATER)
    assert (strict.code, "2 rows cannot be read" in strict.err) == (ExitCode.INVALID, True)
    assert engage("check").code == ExitCode.DONE
    assert engage("check", "--strict").code == ExitCode.INVALID


def test_list_before_and_after_a_build(shop: Path, engage: Engage) -> None:
    assert "6 audiences; not built yet (`engage audience build`)" in engage("audience", "list").out
    built = engage("audience", "build", "--json").document
    assert f"6 audiences; built as of {built['as_of']}\n" in engage("audience", "list").out
    listed = engage("audience", "list", "--json").document["audiences"]
    assert {row["name"]: row["size"] for row in listed} == {row["name"]: row["size"] for row in built["audiences"]}


def test_preview(shop: Path, engage: Engage) -> None:
    ran = engage("audience", "preview", "win_back", "--sample", "2")
    assert " members of 40 users (" in ran.out
    assert "a sample of 2, the same at every look" in ran.out
    document = engage("audience", "preview", "win_back", "--sample", "0", "--json").document
    assert (document["sample"], document["columns"][0]) == ([], "user_id")
    assert not (shop / "out").exists()


def test_explain(shop: Path, engage: Engage) -> None:
    member = engage("audience", "preview", "win_back", "--json").document["sample"][0]["user_id"]
    ran = engage("audience", "explain", "win_back", "--user", member)
    assert ran.out.startswith(f"✓ {member} is in win_back as of ")
    assert "└─ ✓ trait: country" in ran.out
    document = engage("audience", "explain", "win_back", "--user", member, "--json").document
    assert document["member"] is document["tree"]["holds"] is True


def test_explain_for_who_is_not_known(shop: Path, engage: Engage) -> None:
    ran = engage("audience", "explain", "win_back", "--user", "C_014")
    assert ran.code == ExitCode.DONE
    assert "is not known" in ran.out
    assert "did you mean `c_014`?" in ran.out


def test_overlap(shop: Path, engage: Engage) -> None:
    document = engage("audience", "overlap", "win_back", "lapsed_customers", "--json").document
    assert document["both"] == document["left_size"] < document["right_size"]
    assert document["only_right"] == document["right_size"] - document["both"]
    assert "in both" in engage("audience", "overlap", "win_back", "lapsed_customers").out


def test_export_to_a_pipe_and_to_files(shop: Path, engage: Engage) -> None:
    exported = engage("audience", "export", "win_back").out
    rows = list(csv.DictReader(exported.splitlines()))
    assert list(rows[0]) == ["user_id", "email", "first_name"]
    assert [json.loads(line) for line in engage("audience", "export", "win_back", "--format", "jsonl").out.splitlines()] == rows
    assert engage("audience", "export", "win_back", "--json").document["members"] == rows
    ran = engage("audience", "export", "win_back", "--output", "win_back.csv")
    assert f"{len(rows)} members of win_back as of " in ran.out
    assert (shop / "win_back.csv").read_text() == exported
    assert engage("audience", "export", "win_back", "--output", "w.parquet", "--json").document["rows"] == len(rows)


def test_a_row_stays_one_whatever_a_value_has_in_it() -> None:
    rows = [("u1", "An\u2028n"), ("u2", "B\r\nen"), ("u3", 'C "c", c\x85')]
    written = "".join(f"{line}\n" for line in lines(("user_id", "name"), rows, "csv"))
    assert list(csv.reader(io.StringIO(written, newline=""))) == [["user_id", "name"], *map(list, rows)]


def test_parquet_goes_to_no_pipe(shop: Path, engage: Engage) -> None:
    assert engage("audience", "export", "win_back", "--format", "parquet").code == ExitCode.USAGE


def test_sql_is_one_query(shop: Path, engage: Engage) -> None:
    ran = engage("audience", "sql", "win_back")
    assert "campaigns/audiences/customers.yaml:" in ran.out
    assert ran.out.lstrip().startswith("WITH ")
    assert engage("audience", "sql", "win_back", "--json").document["sql"]


@pytest.mark.parametrize("command", ["build", "preview", "sql", "export"])
def test_an_unknown_audience_is_wrong_usage_with_the_nearest(command: str, shop: Path, engage: Engage) -> None:
    ran = engage("audience", command, "winback")
    assert (ran.code, ran.err) == (ExitCode.USAGE, "error: there is no audience `winback`\n  hint: did you mean `win_back`?\n")


def test_a_broken_definition_is_shown_with_its_line(shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "audiences" / "broken.yaml").write_text(BROKEN)
    checked = engage("check")
    assert checked.code == ExitCode.INVALID
    assert "campaigns/audiences/broken.yaml:2:24: error[" in checked.out
    assert '  2 | members: {trait: plan, eqq: "pro"}\n    |                        ^^^\n' in checked.out
    built = engage("audience", "build")
    assert (built.code, built.out) == (ExitCode.INVALID, "")
    assert '  2 | members: {trait: plan, eqq: "pro"}\n    |                        ^^^\n' in built.err
    assert built.err.splitlines()[-1].endswith("problem found")
    error = engage("audience", "list", "--json").document["error"]
    assert (error["exit_code"], error["issues"][0]["file"]) == (3, "campaigns/audiences/broken.yaml")


def test_an_issue_is_shown_from_another_folder_too(shop: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "campaigns" / "audiences" / "broken.yaml").write_text(BROKEN)
    monkeypatch.chdir(shop.parent)
    assert "  2 | members:" in engage("check", "--project", "shop").out
    monkeypatch.chdir(shop / "campaigns" / "audiences")
    assert "  2 | members:" in engage("check").out


def test_paths_are_shown_as_seen_from_here(shop: Path, engage: Engage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.parent)
    ran = engage("audience", "build", "win_back", "--project", "shop")
    assert "wrote shop/out/audiences/win_back/members.parquet\n" in ran.out


def test_check_without_data_needs_none(shop: Path, engage: Engage) -> None:
    for file in (shop / "sample_data").iterdir():
        file.unlink()
    assert engage("check", "--no-data").code == ExitCode.DONE
    ran = engage("check")
    assert (ran.code, "sample_data/events.jsonl" in ran.out) == (ExitCode.INVALID, True)


def test_a_name_that_never_occurs_is_a_warning(shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "audiences" / "typo.yaml").write_text("audience: typo\nmembers: {event: Order Completd}\n")
    ran = engage("check")
    assert ran.code == ExitCode.DONE
    assert "warning[unknown-event]" in ran.out
    assert "did you mean `Order Completed`?" in ran.out
    assert ran.out.endswith("11 definitions checked: 0 errors, 1 warning\n")
    assert engage("check", "--strict").code == ExitCode.INVALID


def test_the_state_goes_to_a_backup_and_back(shop: Path, engage: Engage, built: Ran) -> None:
    assert engage("state", "check").out == "the state is sound\n"
    assert engage("state", "check", "--json").document == {"sound": True, "findings": []}
    assert engage("state", "backup", "kept.duckdb").out == "the state is backed up in kept.duckdb\n"
    again = engage("state", "backup", "kept.duckdb")
    assert (again.code, again.out) != (ExitCode.DONE, "")
    assert "state is restored from kept.duckdb" in engage("state", "restore", "kept.duckdb").out
    assert engage("audience", "build", "--as-of", built.document["as_of"], "--json").document["changed"] is False


def test_a_state_that_does_not_exist(shop: Path, engage: Engage) -> None:
    ran = engage("state", "check")
    assert ran.code != ExitCode.DONE
    assert "Traceback" not in ran.err
    assert engage("state", "restore", "none.duckdb").code != ExitCode.DONE
