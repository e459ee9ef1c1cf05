"""Clocks, no-ops, run ids, and what a repeated or an earlier instant means."""

import hashlib
import json
from pathlib import Path

import pytest

from engage_cli.engine.base import InputFile
from engage_cli.errors import UsageError
from engage_cli.state.instants import EARLIER_HINT
from engage_cli.state.runs import Build, Reason, clocks_of, last_run, plan_run
from tests.state.support import FILES, Project, at, audience

EVERYONE = {"vip": ["u1", "u2"]}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, audience("vip"))


def test_the_same_instant_again_changes_nothing_at_all(project: Project) -> None:
    project.run(at(10), EVERYONE)
    files, state = project.tree(), project.state_path.read_bytes()

    plan, written = project.run(at(10), EVERYONE)

    assert plan.unchanged == ("vip",)
    assert plan.builds == ()
    assert written.run is None
    assert project.tree() == files
    assert project.state_path.read_bytes() == state


def test_an_earlier_instant_is_refused_naming_both(project: Project) -> None:
    project.run(at(10), EVERYONE)
    with pytest.raises(UsageError) as refused:
        project.run(at(9, 30), EVERYONE)
    assert refused.value.message == (
        "`vip` was built as of 2026-11-23T10:00:00Z, which is after --as-of 2026-11-23T09:30:00Z; an audience only moves forward in time"
    )
    assert refused.value.hint == EARLIER_HINT.format("--dry-run")


def test_a_dry_run_may_look_at_an_earlier_instant(project: Project) -> None:
    project.run(at(10), EVERYONE)
    with project.published() as state:
        plan = plan_run(state, command="audience build", as_of=at(9), tool_version="1", builds=project.builds(), files=FILES, dry_run=True)
    assert plan.reasons == (Reason.EARLIER,)


def test_each_audience_has_a_clock_of_its_own(tmp_path: Path) -> None:
    vip, lapsed = audience("vip"), audience("lapsed")
    Project(tmp_path, vip).run(at(12), EVERYONE)
    Project(tmp_path, lapsed).run(at(11), {"lapsed": ["u3"]})
    with Project(tmp_path, vip, lapsed).state() as state:
        assert {name: clock.as_of for name, clock in clocks_of(state).items()} == {"lapsed": at(11), "vip": at(12)}


def test_an_edited_definition_is_applied_at_the_same_instant(project: Project) -> None:
    project.run(at(10), EVERYONE)
    project.definitions["vip"] = "another hash"
    plan, written = project.run(at(10), {"vip": ["u2", "u3"]})
    assert plan.reasons == (Reason.DEFINITION,)
    assert [file.rows for file in written.run_files] == [2]
    assert [row[:2] for row in project.dump()["membership"] if row[3] is None] == [("vip", "u2"), ("vip", "u3")]


def test_changed_files_are_applied_at_the_same_instant(project: Project) -> None:
    project.run(at(10), EVERYONE)
    project.files = (FILES[0], InputFile("profiles", "data/profiles.csv", 20, "c" * 64))
    plan, _ = project.run(at(10), EVERYONE)
    assert plan.reasons == (Reason.INPUTS,)
    plan, _ = project.run(at(10), EVERYONE)
    assert plan.unchanged == ("vip",)


def test_an_audience_rests_only_on_the_lists_that_it_names(project: Project) -> None:
    project.run(at(10), EVERYONE)
    other_list = InputFile("list", "other.csv", 1, "d" * 64)
    own_list = InputFile("list", "own.csv", 1, "e" * 64)
    with project.state() as state:
        builds = [Build("vip", project.builds()[0].definition)]

        def reasons(build: list[Build], *files: InputFile) -> tuple[Reason, ...]:
            return plan_run(state, command="c", as_of=at(10), tool_version="1", builds=build, files=files).reasons

        assert reasons(builds, *FILES, other_list) == ()
        assert reasons([Build("vip", builds[0].definition, ("own.csv",))], *FILES, own_list) == (Reason.INPUTS,)


def test_the_run_id_is_the_hash_of_what_the_run_rests_on(project: Project) -> None:
    def md5(*parts: object) -> str:
        return hashlib.md5(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    _, first = project.run(at(10), EVERYONE)
    _, second = project.run(at(11), EVERYONE)
    assert first.run is not None
    assert second.run is not None
    definitions = md5(("vip", project.builds()[0].definition))
    inputs = md5(*sorted((file.kind, file.path, file.sha256) for file in FILES))
    assert first.run.run_id == md5("2026-11-23T10:00:00Z", "audience build", definitions, inputs, None)[:8]
    assert second.run.run_id == md5("2026-11-23T11:00:00Z", "audience build", definitions, inputs, first.run.run_id)[:8]
    assert second.run.name == f"20261123T110000Z-{second.run.run_id}"


def test_the_order_of_audiences_and_files_does_not_matter(tmp_path: Path) -> None:
    a, b = audience("a"), audience("b")
    one, other = Project(tmp_path / "one", a, b), Project(tmp_path / "other", b, a)
    other.files = FILES[::-1]
    members = {"a": ["u2", "u1"], "b": ["u1"]}
    one.run(at(10), members)
    other.run(at(10), {"b": ["u1"], "a": ["u1", "u2"]})
    assert one.tree() == other.tree()
    assert one.dump() == other.dump()


def test_a_later_instant_without_changes_moves_the_clock_and_writes_no_folder(project: Project) -> None:
    project.run(at(10), EVERYONE)
    before = project.tree()
    _, written = project.run(at(11), EVERYONE)
    assert written.run is not None
    assert written.folder is None
    assert written.rewritten == ()
    assert project.tree() == before
    with project.state() as state:
        assert clocks_of(state)["vip"].as_of == at(11)


def test_an_instant_keeps_its_microseconds(project: Project) -> None:
    _, written = project.run(at(10).replace(microsecond=250_000), EVERYONE)
    assert written.folder is not None
    assert written.folder.startswith("runs/20261123T100000.25Z-")
    assert b'"entered_at":"2026-11-23T10:00:00.25Z"' in project.tree()["audiences/vip/members.jsonl"]
    plan, _ = project.run(at(10).replace(microsecond=250_000), EVERYONE)
    assert plan.unchanged == ("vip",)


def test_a_failed_run_is_no_run(project: Project) -> None:
    project.run(at(10), EVERYONE)
    before = project.dump(), project.tree()
    project.audiences = {"vip": audience("vip", traits=["email"], sync=["nowhere"])}
    with pytest.raises(KeyError):
        project.run(at(11), {"vip": ["u1", "u3"]}, {"u1": {"email": '"a"'}})
    assert (project.dump(), project.tree()) == before


def test_a_state_that_is_new_has_no_last_run(project: Project) -> None:
    with project.state() as state:
        assert last_run(state) is None
    assert last_run(None) is None
