"""Forgetting a person: nothing of theirs is left of what is ours, nobody sees them again, and what still names them is listed."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from engage_cli import __version__
from engage_cli.definitions.forgotten import address_form, hash_of
from engage_cli.errors import EngageError, UsageError
from engage_cli.outputs.calls import stage_committed_changes
from engage_cli.outputs.folder import write_folder
from engage_cli.service.consents import import_consents, list_consents
from engage_cli.service.explain import explain
from engage_cli.service.forget import forget
from engage_cli.service.keep import backup, check_state, restore
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from engage_cli.state.outbox import run_files
from engage_cli.state.runs import all_runs
from engage_cli.state.store import open_state
from tests.forget.people import ANA, AS_OF, MAIL, PHONE, build, forget_ana, members, mentions, write
from tests.state.engine import make_engine
from tests.state.processes import run_killed

HOUR = timedelta(hours=1)
WITHOUT = {
    "viewers": ["ben", "cy"],
    "everybody": ["ben", "cy"],
    "listed": ["cy"],
    "colleagues": ["ben"],
    "by_sql": ["ben", "cy"],
    "busy_accounts": ["acme", "globex"],
}


@pytest.fixture(scope="module", params=["joined", "plain"])
def built(request, tmp_path_factory) -> Path:
    """A project that was built twice, with an imported consent."""
    folder = tmp_path_factory.mktemp(request.param)
    write(folder, identity=request.param == "joined")
    build(folder, AS_OF - HOUR)
    import_consents(folder, folder / "import.csv", as_of=AS_OF - HOUR, progress=SILENT)
    build(folder)
    return folder


@pytest.fixture
def project(built, tmp_path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "project"))


def is_joined(folder: Path) -> bool:
    return "identity" in (folder / "engage.yaml").read_text()


def ours(folder: Path) -> list[str]:
    """What of ours still names them: files, and the state; copies of the sources' own files left out."""
    found = [name for name in mentions(folder / ".engage") if name != "0.jsonl"]
    connection = duckdb.connect()
    for path in (folder / ".engage").glob("state.duckdb*"):
        connection.execute(f"ATTACH '{path}' AS state (READ_ONLY)")
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'state'").fetchall()
        rows = [connection.execute(f"SELECT * FROM state.main.{name}").fetchall() for (name,) in tables]
        found += [f"rows of {path.name}"] if "zebra" in repr(rows) else []
        connection.execute("DETACH state")
    return sorted(found)


def test_nothing_of_them_is_left_and_the_members_are_those_of_a_project_without_them(project):
    assert ANA in members(project)["viewers"]
    assert {"rows of state.duckdb", "rows of state.duckdb.published", "events-000001.duckdb"} <= set(ours(project))
    result = forget(project, PHONE if is_joined(project) else ANA)
    known = {"user_id": (ANA,), "email": (MAIL,), "anonymous_id": (PHONE,)}
    assert (result.user_id, result.before) == (ANA, False)
    assert result.identifiers == (known if is_joined(project) else {"user_id": (ANA,)})
    assert result.removed == {"imported consents": 1, "list_member": 1, "membership": 5, "outbox": 6}
    assert result.suppressed == (
        {"address": 1, "anonymous_id": 1, "email": 1, "user_id": 1} if is_joined(project) else {"address": 1, "user_id": 1}
    )
    assert result.told == ("ads", "crm")
    assert ours(project) == []
    assert check_state(project) == ()
    with duckdb.connect(str(project / ".engage/state.duckdb"), read_only=True) as state:  # how large a file written at once is
        ((packed, blocks),) = state.execute("SELECT r.packed, s.total_blocks FROM revision AS r, pragma_database_size() AS s").fetchall()
        assert packed is not None and abs(packed - blocks) <= 2
    build(project, AS_OF + HOUR)
    assert members(project) == WITHOUT
    assert ours(project) == []
    assert "zebra" not in (project / "out/audiences/viewers/members.jsonl").read_text()
    assert "zebra" not in (project / "out/rejects.csv").read_text() if (project / "out/rejects.csv").exists() else True
    assert check_state(project) == ()


def test_every_file_that_names_them_is_listed(project):
    found = {one.path: one.rows for one in forget(project, ANA).files}
    joined = is_joined(project)
    sources = {"events/0.jsonl": 3 + joined, "more.parquet": 1, "profiles.csv": 1, "staff.csv": 1, "consents.csv": 1, "vip.csv": 1}
    assert {path: rows for path, rows in found.items() if not path.startswith(("out/", ".engage"))} == sources
    assert {path for path in found if path.startswith(".engage")} == {".engage/kept/events/0.jsonl"}
    written = {str(path.relative_to(project)) for path in (project / "out").rglob("*.jsonl") if "zebra" in path.read_text()}
    told = {path for path in found if path.startswith("out/")}
    assert written <= told
    assert {Path(path).name for path in told - written} <= {"ads.jsonl", "adds.jsonl", "members.jsonl", "adds.csv", "rejects.csv"}
    for path in told:
        (project / path).unlink(missing_ok=True)
    assert {one.path for one in forget(project, ANA).files} == {path for path in found if not path.startswith("out/")}


def test_files_that_no_state_lists_are_found_by_name_and_address(project):
    beside = {
        f"previews/hello.email.{ANA}.html": "<p>Hi</p>",
        "deliveries/20261120T000000Z-00000000/crm-1.jsonl": json.dumps({"to": MAIL.lower()}) + "\n",
        "rejects.csv": f"events.csv,3,{ANA},no timestamp\n",
    }
    others = {
        f"previews/hello.email.{ANA}2.html": f"<p>{ANA}-b</p>",
        "deliveries/20261120T000000Z-00000000/crm-2.jsonl": json.dumps({"to": "an" + MAIL}) + "\n",
    }
    for path, text in (beside | others).items():
        (project / "out" / path).parent.mkdir(parents=True, exist_ok=True)
        (project / "out" / path).write_text(text)
    found = {one.path for one in forget(project, ANA, dry_run=True).files}
    assert found >= {f"out/{path}" for path in beside} and found.isdisjoint({f"out/{path}" for path in others})


def test_nobody_sees_them_from_the_moment_on_that_they_are_forgotten(project):
    forget(project, ANA)
    assert preview(project, "viewers", as_of=AS_OF, progress=SILENT).size == 2
    assert not explain(project, "viewers", ANA, as_of=AS_OF, progress=SILENT).known
    assert list_consents(project, user=ANA, as_of=AS_OF, progress=SILENT).states == ()
    data = build(project, AS_OF + HOUR).data
    assert data is not None
    assert data.forgotten_rows == 7 + is_joined(project)
    assert not any("zebra" in (one.example or "") for one in data.rejects)


@pytest.mark.parametrize("store", [True, False])
def test_rows_that_come_in_later_stay_out(tmp_path, store):
    write(tmp_path, store=store)
    build(tmp_path)
    forget(tmp_path, ANA)
    row = {"message_id": "late", "user_id": ANA, "event": "Viewed", "timestamp": "2026-11-19T10:00:00Z"}
    (tmp_path / "events/1.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({**row, "message_id": "dan", "user_id": "dan"}) + "\n")
    build(tmp_path, AS_OF + HOUR)
    assert members(tmp_path)["viewers"] == ["ben", "cy", "dan"]
    # Somebody new on the same phone is somebody new, and joined to nobody by it.
    row = {**row, "message_id": "eve", "user_id": "eve", "anonymous_id": PHONE}
    (tmp_path / "events/2.jsonl").write_text(json.dumps(row) + "\n")
    build(tmp_path, AS_OF + 2 * HOUR)
    assert members(tmp_path)["viewers"] == ["ben", "cy", "dan", "eve"]


def test_a_dry_run_says_the_same_and_changes_nothing(project):
    before = {path: path.read_bytes() for path in sorted(project.rglob("*")) if path.is_file()}
    shown = forget(project, ANA, dry_run=True)
    assert shown.would_change
    assert {path: path.read_bytes() for path in sorted(project.rglob("*")) if path.is_file()} == before
    done = forget(project, ANA)
    assert (shown.removed, shown.files, shown.told, shown.suppressed) == (done.removed, done.files, done.told, done.suppressed)
    again = forget(project, ANA)
    assert again.before
    assert not again.would_change


def test_an_unknown_person_is_told_of_and_one_whom_only_the_state_knows_is_forgotten(project):
    with pytest.raises(UsageError, match="nobody is known as `anna`"):
        forget(project, "anna")
    assert not (project / ".engage/forgotten").exists()
    for name in ("profiles", "staff", "consents"):
        path = project / f"{name}.csv"
        path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if not line.startswith("ben")))
    path = project / "events/0.jsonl"
    path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if '"ben"' not in line))
    assert forget(project, "ben").removed["membership"] == 4
    assert check_state(project) == ()


def test_an_account_of_the_same_name_stays(project):
    (project / "staff.csv").write_text(f"user_id,account_id\ncy,{ANA}\nben,acme\n")
    build(project, AS_OF + HOUR)
    forget(project, ANA)
    assert check_state(project) == ()
    [busy] = [one for one in build(project, AS_OF + 2 * HOUR).audiences if one.name == "busy_accounts"]
    assert (busy.entered, busy.exited) == (0, 0)
    assert members(project)["busy_accounts"] == ["acme", ANA]


def test_of_two_members_with_one_address_the_other_stays_on_the_list(project):
    (project / "profiles.csv").write_text(f"user_id,email\n{ANA},{MAIL}\nben,{MAIL}\ncy,cy@example.com\n")
    config = project / "engage.yaml"
    config.write_text(config.read_text().replace("{name: email, limit: 5}, ", ""))
    build(project, AS_OF + HOUR)
    forget(project, "ben")
    assert check_state(project) == ()
    build(project, AS_OF + 2 * HOUR)
    assert check_state(project) == ()
    hashed = [path.read_text() for path in (project / "out/runs").rglob("*remove*")]
    assert not any(hash_of(MAIL.lower()) in text for text in hashed)


def test_a_folder_that_is_written_again_leaves_them_out(project):
    forget(project, ANA)
    with make_engine(project) as engine:
        open_state(engine, project / ".engage/state.duckdb", tool_version=__version__)
        first = all_runs(engine)[0]
        stage_committed_changes(engine, first.number)
        written, _ = write_folder(engine, first, run_files(engine, first.number), project / "again")
    assert written
    texts = [path.read_text() for path in (project / "again").rglob("*.jsonl*")]
    assert any("ben" in text for text in texts)
    assert not any("zebra" in text for text in texts)


def test_a_backup_from_before_brings_nobody_back(project, tmp_path):
    copy = backup(project, tmp_path / "backup.duckdb")
    forget(project, ANA)
    restore(project, copy)
    assert [name for name in ours(project) if "before-restore" not in name] == []
    assert check_state(project) == ()
    assert preview(project, "viewers", as_of=AS_OF, progress=SILENT).size == 2


def test_a_backup_has_who_was_forgotten_and_copies_of_the_state_are_listed(project, tmp_path):
    old = backup(project)
    assert str(old.relative_to(project)) in {one.path for one in forget(project, ANA).files}
    copy = backup(project, tmp_path / "backup.duckdb")
    shutil.rmtree(project / ".engage")
    restore(project, copy)
    build(project, AS_OF + HOUR)
    assert members(project) == WITHOUT


@pytest.mark.parametrize("point", ["forget", "forget: consents", "forget: store", "forgetting", "written anew", "checkpoint"])
def test_killed_anywhere_it_is_finished_or_rolled_back(tmp_path, point):
    write(tmp_path)
    build(tmp_path)
    import_consents(tmp_path, tmp_path / "import.csv", as_of=AS_OF, progress=SILENT)
    assert run_killed(forget_ana, tmp_path, crash_at=point)
    gone = any((tmp_path / ".engage/forgotten").glob("*.jsonl"))
    assert gone == (point != "forget")
    assert preview(tmp_path, "viewers", as_of=AS_OF, progress=SILENT).size == (2 if gone else 3)
    if point == "forget":
        forget(tmp_path, ANA)
    build(tmp_path, AS_OF + HOUR)
    assert members(tmp_path) == WITHOUT
    assert ours(tmp_path) == []
    assert check_state(tmp_path) == ()


def test_a_damaged_list_of_the_forgotten_is_an_error_and_never_nobody(project):
    forget(project, ANA)
    [path] = (project / ".engage/forgotten").glob("*.jsonl")
    path.write_text("{")
    with pytest.raises(EngageError, match="does not say who was forgotten"):
        build(project, AS_OF + HOUR)


def test_addresses_are_compared_in_one_form():
    assert address_form(" Zebra.Ana@Example.com ") == "zebra.ana@example.com"
    assert address_form("+44 (0)20 7946-0000") == "+4402079460000"
    assert address_form("token-Ab1") == "token-Ab1"
