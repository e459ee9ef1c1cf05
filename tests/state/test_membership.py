"""Who enters, exits and enters again; dry runs; a million members."""

from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from engage_cli.engine import connection
from engage_cli.state.check import check_state
from engage_cli.state.membership import Changes, find_changes, make_rows
from engage_cli.state.readers import Member, members, standings
from engage_cli.state.runs import plan_run
from engage_cli.state.store import published_path
from tests.state.engine import make_engine
from tests.state.support import FILES, Project, at, audience, give_members, give_members_of


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, audience("vip"), audience("lapsed"))


def stays(project: Project, name: str) -> list[tuple[str, int, int | None]]:
    """User, hour of entering and of leaving, for each stay in an audience."""
    rows = [row for row in project.dump()["membership"] if row[0] == name]
    return sorted((row[1], row[2].hour, row[3].hour if row[3] else None) for row in rows)


def test_users_enter_leave_and_enter_again(project: Project) -> None:
    project.run(at(10), {"vip": ["u1", "u2"], "lapsed": ["u3"]})
    project.run(at(11), {"vip": ["u2", "u4"], "lapsed": ["u1", "u3"]})
    project.run(at(12), {"vip": ["u1", "u2"], "lapsed": []})
    project.run(at(13), {"vip": ["u1", "u2"], "lapsed": []})

    assert stays(project, "vip") == [("u1", 10, 11), ("u1", 12, None), ("u2", 10, None), ("u4", 11, 12)]
    assert stays(project, "lapsed") == [("u1", 11, 12), ("u3", 10, 12)]
    with project.state() as state:
        assert check_state(state) == []


def test_a_user_may_leave_and_return_at_one_instant_by_edits(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"]})
    for version, inside in (("b", []), ("c", ["u1"]), ("d", [])):
        project.definitions["vip"] = version
        project.run(at(10), {"vip": inside})
    assert stays(project, "vip") == [("u1", 10, 10), ("u1", 10, 10)]
    with project.state() as state:
        assert check_state(state) == []
    calls = [line for path, text in project.tree().items() if "runs/" in path and "vip.jsonl" in path for line in text.splitlines()]
    ids = [line.split(b'"messageId":"')[1][:32] for line in calls]
    assert len(ids) == len(set(ids)) == 4


def test_an_audience_that_is_not_built_stays_as_it_is(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"], "lapsed": ["u2"]})
    del project.audiences["lapsed"]
    project.run(at(11), {"vip": []})
    assert stays(project, "vip") == [("u1", 10, 11)]
    assert stays(project, "lapsed") == [("u2", 10, None)]


def test_a_removed_audience_keeps_its_history_and_goes_on_where_it_stood(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"], "lapsed": ["u2", "u3"]})
    removed = project.audiences.pop("lapsed")
    project.run(at(11), {"vip": ["u1"]})
    with project.published() as state:
        assert standings(state)["lapsed"].size == 2
        assert standings(state)["lapsed"].as_of == at(10)
    project.audiences["lapsed"] = removed
    project.run(at(12), {"vip": ["u1"], "lapsed": ["u3", "u4"]})
    assert stays(project, "lapsed") == [("u2", 10, 12), ("u3", 10, None), ("u4", 12, None)]


def test_readers_see_members_sizes_and_the_last_changes(project: Project) -> None:
    project.run(at(10), {"vip": ["u1", "u2"]})
    _, written = project.run(at(11), {"vip": ["u2", "u3", "u4"]})
    assert written.run is not None
    with project.published() as state:
        standing = standings(state)["vip"]
        assert (standing.size, standing.as_of, standing.run) == (3, at(11), written.run.run_id)
        assert (standing.entered, standing.exited) == (2, 1)
        assert standings(state)["lapsed"].size == 0
        assert members(state, "vip") == [Member("u2", at(10)), Member("u3", at(11)), Member("u4", at(11))]
        assert members(state, "vip", limit=1) == [Member("u2", at(10))]


def test_before_the_first_run_readers_see_nothing(project: Project) -> None:
    with project.published() as state:
        assert state is None
        assert standings(state) == {}
        assert members(state, "vip") == []


def dry_run(project: Project, given: dict[str, list[str]]) -> tuple[Changes, ...]:
    with project.published() as state, make_engine(project.folder) as empty:
        engine = state.engine if state else empty
        plan = plan_run(state, command="c", as_of=at(11), tool_version="1", builds=project.builds(), files=FILES, dry_run=True)
        give_members(engine, given)
        return find_changes(engine, state, plan, keep=False)


def test_a_dry_run_counts_changes_and_writes_nothing(project: Project) -> None:
    project.run(at(10), {"vip": ["u1", "u2"], "lapsed": ["u1"]})
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    assert dry_run(project, {"vip": ["u2", "u3"], "lapsed": ["u1"]}) == (Changes("lapsed", 1, 0, 0), Changes("vip", 2, 1, 1))
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before


def test_a_dry_run_without_a_state_creates_nothing(project: Project) -> None:
    assert dry_run(project, {"vip": ["u1"], "lapsed": []}) == (Changes("lapsed", 0, 0, 0), Changes("vip", 1, 1, 0))
    assert not any(project.folder.iterdir())


def test_readers_do_not_wait_for_a_run(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"]})
    with project.state(), project.published() as reader:
        assert standings(reader)["vip"].size == 1
    assert published_path(project.state_path).exists()


def test_user_ids_are_data(project: Project) -> None:
    ids = ["'; DROP TABLE state.run; --", "../../etc/passwd", "a\nb", 'quote"s', "\u202egnp.exe", "ünï", " ", "null", "%s {x}"]
    project.run(at(10), {"vip": ids})
    project.run(at(11), {"vip": ids[1:]})
    assert [user for user, _, left in stays(project, "vip") if left] == ids[:1]
    with project.published() as state:
        assert {member.user_id for member in members(state, "vip")} == set(ids[1:])
    assert project.dump(sound=True)


def test_a_million_members(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the size at which an engine with two threads once lost rows; times are measured elsewhere."""
    monkeypatch.setattr(connection, "THREADS", 2)
    project.run(at(10), {})
    few = "CAST(range AS VARCHAR)"
    with project.state() as state:
        engine = state.engine
        engine.execute(
            f"INSERT INTO state.main.membership SELECT 'vip', {few}, TIMESTAMP '2026-11-23 10:00:00', NULL, 1, NULL FROM range(1000000)"
        )
        plan = plan_run(state, command="c", as_of=at(11), tool_version="1", builds=project.builds(), files=FILES)
        now = f"SELECT 'vip' AS audience, {few} AS user_id FROM range(100000, 1150000)"
        give_members_of(engine, now)
        changes = find_changes(engine, state, plan)
        assert changes == (Changes("lapsed", 0, 0, 0), Changes("vip", 1_050_000, 150_000, 100_000))
        make_rows(engine, plan, changes)
        assert engine.rows(parse_one("SELECT count(*) AS n FROM membership_change", read="duckdb")) == [(250_000,)]
        assert isinstance(engine.rows(exp.select("change").from_("membership_change").limit(1))[0][0], str)
