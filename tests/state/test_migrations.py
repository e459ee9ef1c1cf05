"""Schema versions: forward by themselves after a backup, never backward."""

import shutil
from itertools import count
from pathlib import Path

import pytest

from engage_cli.errors import EngageError
from engage_cli.outputs.publish import recover
from engage_cli.state.migrations import MIGRATIONS, Migration, version_of
from engage_cli.state.outbox import run_files
from engage_cli.state.readers import standings
from engage_cli.state.store import open_published, open_state, published_path
from engage_cli.state.tables import Told
from tests.state.engine import make_engine
from tests.state.processes import run_killed
from tests.state.support import Project, at, audience

NEWEST = MIGRATIONS[-1].version
NEXT = Migration(NEWEST + 1, "a note for each run", ("ALTER TABLE state.run ADD COLUMN note VARCHAR", "UPDATE state.run SET note = 'old'"))
BROKEN = Migration(NEWEST + 2, "fails halfway", ("CREATE TABLE state.half (x INTEGER)", "SELECT nonsense FROM nowhere"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", audience("vip"))
    project.run(at(10), {"vip": ["u1"]})
    return project


def test_versions_are_numbered_without_gaps() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_an_earlier_version_comes_forward_after_a_backup(project: Project) -> None:
    before = project.state_path.read_bytes()
    with make_engine(project.folder) as engine:
        state = open_state(engine, project.state_path, tool_version="2.0.0", migrations=(*MIGRATIONS, NEXT))
        assert engine.rows("SELECT note FROM state.main.run") == [("old",)]
        assert engine.rows("SELECT version, tool_version FROM state.main.migration ORDER BY version") == [
            *((number, "1.2.3") for number in range(1, NEWEST + 1)),
            (NEWEST + 1, "2.0.0"),
        ]
        state.close()
    assert project.state_path.with_name(f"state.duckdb.version-{NEWEST}").read_bytes() == before


def test_a_step_that_fails_leaves_the_version_before_it(project: Project) -> None:
    with make_engine(project.folder) as engine, pytest.raises(Exception, match="nowhere"):
        open_state(engine, project.state_path, tool_version="2.0.0", migrations=(*MIGRATIONS, NEXT, BROKEN))
    with make_engine(project.folder) as engine:
        state = open_state(engine, project.state_path, tool_version="2.0.0", migrations=(*MIGRATIONS, NEXT))
        assert version_of(engine) == NEWEST + 1
        assert engine.rows("SELECT count(*) FROM information_schema.tables WHERE table_name = 'half'") == [(0,)]
        state.close()


def test_a_newer_version_is_refused(project: Project) -> None:
    with make_engine(project.folder) as engine:
        open_state(engine, project.state_path, tool_version="2.0.0", migrations=(*MIGRATIONS, NEXT)).close()
    before = project.state_path.read_bytes()
    with make_engine(project.folder) as engine, pytest.raises(EngageError) as refused:
        open_state(engine, project.state_path, tool_version="1.2.3")
    assert refused.value.message == f"{project.state_path} has schema version {NEWEST + 1}; this engage knows versions up to {NEWEST}"
    assert refused.value.hint == "use the engage that wrote it, or a newer one"
    assert project.state_path.read_bytes() == before


def test_readers_are_told_of_another_version(project: Project) -> None:
    with make_engine(project.folder) as engine, pytest.raises(EngageError, match=f"this engage reads version {NEWEST + 1}"):
        open_published(engine, project.state_path, migrations=(*MIGRATIONS, NEXT))


def test_a_run_that_changes_nothing_still_brings_the_readers_copy_forward(project: Project) -> None:
    later = (*MIGRATIONS, NEXT)
    with make_engine(project.folder) as engine:
        state = open_state(engine, project.state_path, tool_version="2.0.0", migrations=later)
        recover(state, project.outputs)
        state.close()
        reader = open_published(engine, project.state_path, migrations=later)
        assert standings(reader)["vip"].size == 1


def test_what_was_told_before_destinations_were_kept_apart_is_known_after(tmp_path: Path) -> None:
    """`crm` was told of `vip` from its first change on, `late` only of its last one; `quiet` has no destination."""
    path = tmp_path / "state.duckdb"
    with make_engine(tmp_path) as engine:
        open_state(engine, path, tool_version="1.0.0", migrations=MIGRATIONS[:2])
        for run, audience_of in ((1, "vip"), (2, "quiet"), (3, "vip")):
            engine.execute("INSERT INTO state.main.outbox VALUES (?, ?, 'u1', 'entered', '{\"plan\":\"pro\"}')", [run, audience_of])
        files = [(1, "vip", None), (1, "vip", "crm"), (2, "quiet", None), (3, "vip", None), (3, "vip", "crm"), (3, "vip", "late")]
        for run, audience_of, destination in files:
            engine.execute(
                "INSERT INTO state.main.run_file VALUES (?, ?, ?, ?, 'track', TRUE, 'jsonl', 1, 2, 'x')",
                [run, f"{destination}/{audience_of}", audience_of, destination],
            )
        engine.detach("state")
        open_state(engine, path, tool_version="2.0.0")
        assert engine.rows("SELECT * FROM state.main.sync") == [("crm", "vip", 3, False)]
        told = engine.rows("SELECT * FROM state.main.outbox ORDER BY run")
        assert told[0] == (1, "membership", "vip", None, "u1", "entered", '{"plan":"pro"}')
        assert [row[2] for row in told] == ["vip", "quiet", "vip"]
        written = {number: run_files(engine, number) for number in (1, 2, 3)}
        assert [(file.source, file.destination) for number in written for file in written[number]] == [
            *(("vip", None), ("vip", "crm"), ("quiet", None)),
            *(("vip", None), ("vip", "crm"), ("vip", "late")),
        ]
        assert written[1][0].columns is None and written[1][0].kind is Told.MEMBERSHIP


@pytest.mark.parametrize("content", [b"", b"not a database", b"x" * 100_000])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.duckdb"
    path.write_bytes(content)
    with make_engine(tmp_path) as engine, pytest.raises(EngageError, match="is not a DuckDB database"):
        open_state(engine, path, tool_version="1.2.3")
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.duckdb"
    with make_engine(tmp_path) as engine:
        engine.attach(path, "other")
        engine.execute("CREATE TABLE other.orders AS SELECT 1 AS id")
    before = path.read_bytes()
    with make_engine(tmp_path) as engine, pytest.raises(EngageError, match="no state of engage"):
        open_state(engine, path, tool_version="1.2.3")
    assert path.read_bytes() == before


def test_a_lost_state_is_not_begun_anew_in_silence(project: Project) -> None:
    project.state_path.unlink()
    with pytest.raises(EngageError, match=r"is gone, but state\.duckdb\.published shows that it existed"):
        project.run(at(11), {"vip": ["u1"]})
    published_path(project.state_path).unlink()
    project.run(at(11), {"vip": ["u1"]})


def test_a_state_that_was_half_made_is_made_again(tmp_path: Path) -> None:
    part = tmp_path / ".engage" / "state.duckdb.part"
    part.parent.mkdir()
    part.write_bytes(b"half a data")
    project = Project(tmp_path, audience("vip"))
    project.run(at(10), {"vip": ["u1"]})
    assert not part.exists()


def _open_with_next(folder: Path) -> None:
    with make_engine(folder) as engine:
        open_state(engine, Project(folder).state_path, tool_version="2.0.0", migrations=(*MIGRATIONS, NEXT)).close()


def test_a_migration_killed_at_any_point_is_done_by_the_next_run(project: Project, tmp_path: Path) -> None:
    for point in count(1):
        killed = project.copied_to(tmp_path / f"killed_at_{point}")
        before = killed.state_path.read_bytes()
        if not run_killed(_open_with_next, killed.folder, crash_at=str(point)):
            break
        _open_with_next(killed.folder)
        assert killed.state_path.with_name(f"state.duckdb.version-{NEWEST}").read_bytes() == before, f"killed at point {point}"
        with make_engine(killed.folder) as engine:
            open_state(engine, killed.state_path, tool_version="2.0.0", migrations=(*MIGRATIONS, NEXT))
            assert engine.rows("SELECT note FROM state.main.run") == [("old",)]
        shutil.rmtree(killed.folder)
    assert point > 6
