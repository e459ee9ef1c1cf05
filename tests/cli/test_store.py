"""`engage store`: what its commands do to the store of the starter project."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engage_cli.cli.render.store import shown_size
from engage_cli.errors import ExitCode
from engage_cli.state.lock import hold_lock
from tests.cli.running import Engage

STORE = Path(".engage/events")
FIRST = "sample_data/events.jsonl"
FIELDS = "path exists files events segments bytes first last columns rejects new changed gone read note ahead".split()
AUDIENCES = ("big_spenders", "win_back", "lapsed_customers")
AS_OF = "2100-01-01T00:00Z"


@pytest.fixture
def many(shop: Path) -> Path:
    """The starter project with a folder of event files, which may be gone later."""
    config = shop / "engage.yaml"
    text = config.read_text().replace(f"path: {FIRST}\n", "path: sample_data/events*.jsonl\n      on_missing_file: drop\n")
    assert "on_missing_file" in text
    config.write_text(text)
    return shop


def write_events(shop: Path, name: str, *rows: dict[str, Any]) -> str:
    """A file of events; its path."""
    path = f"sample_data/events_{name}.jsonl"
    (shop / path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def order(number: int, user: str = "c_001", **more: Any) -> dict[str, Any]:
    """An order of 700."""
    event = {"message_id": f"new{number}", "user_id": user, "event": "Order Completed", "timestamp": "2026-11-20T10:00:00Z"}
    return {**event, "properties": {"revenue": 700}, **more}


def build(engage: Engage) -> None:
    """A run, as of an instant of its own."""
    assert engage("audience", "build").code == ExitCode.DONE


def run_again(engage: Engage, year: int) -> None:
    """A later run."""
    assert engage("audience", "build", "--as-of", f"{year}-01-01T00:00Z").code == ExitCode.DONE


def previews(engage: Engage) -> list[Any]:
    """What some audiences look like, whatever was read for it."""
    documents = [engage("audience", "preview", name, "--as-of", AS_OF, "--json").document for name in AUDIENCES]
    return [{key: value for key, value in document.items() if key != "data"} for document in documents]


def stored(folder: Path) -> dict[str, bytes]:
    """The files of the store."""
    return {path.name: path.read_bytes() for path in (folder / STORE).iterdir()}


# ---- status ----------------------------------------------------------------------------------------------------------


def test_status_before_the_first_build(shop: Path, engage: Engage) -> None:
    ran = engage("store", "status")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out == "there is no event store yet in .engage/events\nthe next run makes it and reads 1 file\n"
    document = engage("store", "status", "--json").document
    assert (document["exists"], document["new"], document["path"]) == (False, [FIRST], ".engage/events")
    assert not (shop / ".engage" / "events").exists()


def test_status_after_a_build(shop: Path, engage: Engage) -> None:
    build(engage)
    before = stored(shop)
    ran = engage("store", "status")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    lines = ran.out.splitlines()
    assert lines[0] == "the event store is in .engage/events"
    assert lines[1].startswith("1 file, 220 events from 20")
    assert lines[2] == "0 rows rejected, 0 duplicates left out"
    assert lines[3].startswith("1 segment, ") and lines[3].endswith(" MB, 5 typed columns")
    assert lines[5].split() == ["file", "rows", "rejected", "duplicates", "size", "ingest"]
    assert lines[6].split() == [FIRST, "220", "0", "0", *shown_size((shop / FIRST).stat().st_size).split(), "1"]
    assert lines[-1] == "no file is new or changed since"
    assert stored(shop) == before


def test_status_names_what_changed_since(many: Path, engage: Engage) -> None:
    gone, changed = write_events(many, "a", order(1)), write_events(many, "b", order(2))
    build(engage)
    (many / gone).unlink()
    write_events(many, "b", order(2), order(3))
    new = write_events(many, "c", order(4))
    ran = engage("store", "status")
    assert ran.out.splitlines()[-5:] == [
        "the next run reads 1 new file and 1 changed file",
        f"new {new}",
        f"changed {changed}",
        "1 file is gone: `on_missing_file` of the source says what the next run does about it",
        f"gone {gone}",
    ]
    document = engage("store", "status", "--json").document
    assert (document["new"], document["changed"], document["gone"]) == ([new], [changed], [gone])
    run_again(engage, 2099)
    document = engage("store", "status", "--json").document
    assert (document["new"], document["changed"], document["gone"]) == ([], [], [])
    assert {file["path"]: file["rows"] for file in document["files"]} == {FIRST: 220, changed: 2, new: 1}
    assert document["events"] == 223


def test_status_foretells_that_definitions_ask_for_more(shop: Path, engage: Engage) -> None:
    build(engage)
    (shop / "campaigns/audiences/more.yaml").write_text("audience: more\nmembers: {event: Order Completed, where: {discount: {gt: 5}}}\n")
    why = "the definitions ask for more properties than the store holds"
    assert engage("store", "status").out.splitlines()[-1] == f"the next run makes the store anew, from 1 file: {why}"
    assert engage("store", "status", "--json").document["ahead"] == why
    run_again(engage, 2099)
    assert engage("store", "status").out.splitlines()[-1] == "no file is new or changed since"


def test_a_rebuilt_store_holds_what_journeys_ask_for(shop: Path, engage: Engage) -> None:
    text = "journey: again\nstatus: live\nentry: {on: {event: Order Completed, where: {discount: {gt: 5}}}}\nsteps: [{delay: 1 day}]\n"
    (shop / "campaigns/again.yaml").write_text(text)
    assert engage("store", "rebuild").code == ExitCode.DONE
    before = stored(shop)
    build(engage)
    assert engage("journey", "tick").code == ExitCode.DONE
    segments = {name for name in before if name.endswith(".duckdb")}
    assert {name: before[name] for name in segments} == {name: stored(shop)[name] for name in segments}
    assert {name for name in stored(shop) if name.endswith(".duckdb")} == segments


def test_status_shows_rejected_rows_and_duplicates_by_file(many: Path, engage: Engage) -> None:
    build(engage)
    path = write_events(many, "bad", order(1), order(1), order(2, user=""), order(3, timestamp="last Tuesday"), order(4, user=""))
    run_again(engage, 2099)
    ran = engage("store", "status")
    lines = ran.out.splitlines()
    assert "3 rows rejected, 1 duplicate left out" in lines
    assert [path, "5", "3", "1"] in [line.split()[:4] for line in lines]
    document = engage("store", "status", "--json").document
    assert {(one["path"], one["rows"], one["first_row"]) for one in document["rejects"]} == {(path, 2, 3), (path, 1, 4)}
    assert all(one["reason"] in ran.out for one in document["rejects"])
    assert "`engage audience build` writes all of them to a rejects file" in lines


def test_verbose_names_the_columns(shop: Path, engage: Engage) -> None:
    build(engage)
    assert "column revenue:number\n" in engage("store", "status", "--verbose").out
    assert "column revenue" not in engage("store", "status").out


@pytest.mark.parametrize("damage", ["manifest", "segment"])
def test_status_says_that_a_broken_store_is_made_anew(damage: str, shop: Path, engage: Engage) -> None:
    build(engage)
    [segment] = (shop / STORE).glob("events-*.duckdb")
    (shop / STORE / "manifest.json").write_text("{") if damage == "manifest" else segment.unlink()
    ran = engage("store", "status")
    assert ran.code == ExitCode.DONE
    assert "warning: " in ran.out and "anew" in ran.out
    assert ran.out.endswith("that run reads 1 file\n")
    assert engage("store", "rebuild").code == ExitCode.DONE
    assert "warning" not in engage("store", "status").out


def test_status_needs_no_file_of_a_source(shop: Path, engage: Engage) -> None:
    engage("audience", "build")
    (shop / FIRST).unlink()
    ran = engage("store", "status")
    assert ran.code == ExitCode.DONE
    assert "1 file is gone" in ran.out
    assert f"gone {FIRST}" in ran.out
    assert engage("check").code == ExitCode.INVALID, "a command that needs the files says so"


# ---- rebuild and compact ---------------------------------------------------------------------------------------------


def test_rebuild_makes_the_store_from_all_files(many: Path, engage: Engage) -> None:
    path = write_events(many, "a", order(1))
    ran = engage("store", "rebuild")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out.splitlines()[:3] == ["made the event store anew in .engage/events: read 2 files", f"read {FIRST}", f"read {path}"]
    assert "2 files, 221 events from " in ran.out
    document = engage("store", "rebuild", "--json").document
    assert (document["read"], document["note"], document["segments"], document["events"]) == ([FIRST, path], None, 1, 221)


def test_rebuild_changes_no_answer_and_no_state(many: Path, engage: Engage) -> None:
    build(engage)
    write_events(many, "a", order(1), order(2, user="somebody_new"))
    run_again(engage, 2099)
    before, state = previews(engage), (many / ".engage" / "state.duckdb").read_bytes()
    assert engage("store", "rebuild").code == ExitCode.DONE
    assert previews(engage) == before
    assert (many / ".engage" / "state.duckdb").read_bytes() == state
    ran = engage("audience", "build", "--as-of", "2099-01-01T00:00Z")
    assert "nothing changed" in ran.out


def test_rebuild_leaves_out_columns_that_nobody_asks_for(shop: Path, engage: Engage) -> None:
    build(engage)
    shutil.rmtree(shop / "campaigns")
    (shop / "campaigns").mkdir()
    (shop / "campaigns" / "all.yaml").write_text("audience: anybody\nmembers: {everyone: true}\n")
    assert len(engage("store", "compact", "--json").document["columns"]) == 5
    assert engage("store", "rebuild", "--json").document["columns"] == []


def test_compact_makes_one_segment_and_changes_no_answer(many: Path, engage: Engage) -> None:
    gone = write_events(many, "z", *(order(number) for number in range(40)))
    build(engage)
    for number in range(3):
        write_events(many, f"new{number}", *(order(100 * (number + 1) + row, user=f"n{number}") for row in range(20 // 4**number)))
        run_again(engage, 2090 + number)
    (many / gone).unlink()
    run_again(engage, 2099)
    before = engage("store", "status", "--json").document
    assert before["segments"] > 1
    seen = previews(engage)
    ran = engage("store", "compact")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out.splitlines()[0] == "compacted the event store in .engage/events: read no file, for none is new or changed"
    after = engage("store", "status", "--json").document
    assert after["segments"] == 1 == len(list((many / STORE).glob("events-*.duckdb")))
    assert (after["events"], after["files"]) == (before["events"], before["files"])
    assert previews(engage) == seen


def test_compact_takes_in_what_is_new(many: Path, engage: Engage) -> None:
    build(engage)
    path = write_events(many, "a", order(1))
    ran = engage("store", "compact")
    assert ran.out.splitlines()[:2] == ["compacted the event store in .engage/events: read 1 file", f"read {path}"]
    assert engage("store", "compact", "--json").document["read"] == []


def test_compact_says_why_everything_was_read(shop: Path, engage: Engage) -> None:
    build(engage)
    config = shop / "engage.yaml"
    config.write_text(config.read_text().replace("timezone: Europe/London ", "timezone: Europe/Paris "))
    ran = engage("store", "compact")
    assert (
        "it was made anew: the store was made by another version, in another time zone, or before somebody was forgotten"
        in ran.out.splitlines()
    )


def test_a_store_made_by_a_command_serves_the_next_run(shop: Path, engage: Engage) -> None:
    assert engage("store", "rebuild").code == ExitCode.DONE
    document = engage("audience", "build", "--json").document
    assert document["data"]["ingested"] == []


@pytest.mark.parametrize("command", ["rebuild", "compact"])
def test_verbose_shows_the_progress_on_standard_error(command: str, shop: Path, engage: Engage) -> None:
    ran = engage("store", command, "--verbose")
    titles = [line.rpartition(": ")[0] for line in ran.err.splitlines()]
    assert titles == ["looking for input files", "reading events" if command == "rebuild" else "compacting the event store"]
    assert engage("store", command, "--quiet").err == ""


# ---- every command ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "rebuild", "compact"])
def test_the_document_has_every_field(command: str, shop: Path, engage: Engage) -> None:
    build(engage)
    ran = engage("store", command, "--json")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    document = ran.document
    assert list(document) == FIELDS
    [file] = document["files"]
    assert list(file) == ["path", "bytes", "rows", "rejected", "duplicates", "ingest"]
    assert document["first"].endswith("Z") and document["last"].endswith("Z")
    assert document["bytes"] == sum(path.stat().st_size for path in (shop / STORE).glob("events-*.duckdb"))


@pytest.mark.parametrize("command", ["status", "rebuild", "compact"])
def test_a_project_without_a_store(command: str, shop: Path, engage: Engage) -> None:
    config = shop / "engage.yaml"
    config.write_text(config.read_text() + "store: none\n")
    ran = engage("store", command)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert ran.err.splitlines() == [
        "error: there is no event store: `store: none` in engage.yaml reads the files at every run",
        "  hint: set `store: .engage/events`",
    ]
    assert engage("store", command, "--json").document["error"]["exit_code"] == ExitCode.USAGE
    assert not (shop / ".engage").exists()


def test_a_store_in_another_folder(shop: Path, engage: Engage) -> None:
    config = shop / "engage.yaml"
    config.write_text(config.read_text() + "store: cache/of events\n")
    assert engage("store", "rebuild").out.startswith("made the event store anew in cache/of events: ")
    assert engage("store", "status", "--json").document["path"] == "cache/of events"
    assert (shop / "cache" / "of events" / "manifest.json").exists()


def test_while_a_run_goes_on_only_status_answers(shop: Path, engage: Engage) -> None:
    build(engage)
    before = stored(shop)
    with hold_lock(shop / ".engage" / "lock", command="audience build", started=datetime(2026, 11, 23, tzinfo=UTC), wait=0):
        assert engage("store", "status").code == ExitCode.DONE
        for command in ("rebuild", "compact"):
            ran = engage("store", command, "--wait", "0")
            assert (ran.code, ran.out) == (ExitCode.LOCKED, "")
            assert "`engage audience build`" in ran.err
            assert engage("store", command, "--wait", "0", "--json").document["error"]["exit_code"] == ExitCode.LOCKED
    assert stored(shop) == before


@pytest.mark.parametrize("command", ["status", "rebuild", "compact"])
def test_broken_definitions_are_told(command: str, shop: Path, engage: Engage) -> None:
    (shop / "campaigns" / "broken.yaml").write_text('audience: broken\nmembers: {trait: plan, eqq: "pro"}\n')
    assert engage("store", command).code == ExitCode.INVALID
