"""Which files runs have read, and what it means when one is gone."""

from pathlib import Path

import pytest

from engage_cli.definitions.project import MissingFile, Source, Sources
from engage_cli.engine.base import InputFile
from engage_cli.errors import DataError
from engage_cli.state.inputs import vanished_files
from tests.state.support import SPAN, Project, at, audience


def source(path: str, missing: MissingFile = MissingFile.ERROR) -> Source:
    return Source(path, {}, "UTC", missing, SPAN)


def event_file(path: str, content: str = "a") -> InputFile:
    return InputFile("events", path, len(content), content * 64)


JAN, FEB = event_file("data/events/01.parquet"), event_file("data/events/02.parquet", "b")


@pytest.fixture(scope="module")
def once_run(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("once_run"), audience("vip"))
    project.files = (JAN, FEB)
    project.run(at(10), {"vip": ["u1"]})
    return project


@pytest.fixture
def project(once_run: Project, tmp_path: Path) -> Project:
    return once_run.copied_to(tmp_path)


def gone(project: Project, source: Source, *files: InputFile) -> tuple[str, ...]:
    with project.published() as state:
        return tuple(file.path for file in vanished_files(state, Sources(events=(source,)), files))


def test_files_that_are_all_there_are_not_missed(project: Project) -> None:
    assert gone(project, source("data/events/*.parquet"), JAN, FEB, event_file("data/events/03.parquet")) == ()


def test_a_missing_file_is_an_error_by_default(project: Project) -> None:
    with pytest.raises(DataError) as refused:
        gone(project, source("data/events/*.parquet"), FEB)
    assert refused.value.message == "an input file that the last run read is gone: data/events/01.parquet"
    assert (
        refused.value.hint
        == "bring it back, or say `on_missing_file: drop` at its source in engage.yaml (`keep` helps as long as the file is there)"
    )


def test_many_missing_files_are_not_all_named(project: Project) -> None:
    project.files = tuple(event_file(f"data/events/{n:02}.parquet") for n in range(9))
    project.run(at(11), {"vip": ["u1"]})
    with pytest.raises(DataError, match=r"00\.parquet, data/events/01\.parquet, data/events/02\.parquet and 6 more$"):
        gone(project, source("data/events/*.parquet"))


def test_a_missing_file_may_be_dropped(project: Project) -> None:
    assert gone(project, source("data/events/*.parquet", MissingFile.DROP), FEB) == ("data/events/01.parquet",)
    project.files = (FEB,)
    project.run(at(11), {"vip": ["u1"]})
    assert gone(project, source("data/events/*.parquet"), FEB) == ()


def test_a_file_that_no_source_names_any_more_is_not_missed(project: Project) -> None:
    assert gone(project, source("raw/*.parquet")) == ()


def test_without_a_state_nothing_is_missed() -> None:
    assert vanished_files(None, Sources(events=(source("*"),)), ()) == ()


@pytest.mark.parametrize(
    ("glob", "matches"),
    [
        ("data/events/01.parquet", True),
        ("./data/events/*.parquet", True),
        ("data/**/*.parquet", True),
        ("data/events/**/*.parquet", True),
        ("**/01.parquet", True),
        ("data/events/0?.parquet", True),
        ("data/events/[01]1.parquet", True),
        ("data/events/[!0]1.parquet", False),
        ("data/*.parquet", False),
        ("data/events/01xparquet", False),
    ],
)
def test_globs_match_as_the_file_system_does(project: Project, glob: str, matches: bool) -> None:
    assert gone(project, source(glob, MissingFile.DROP), FEB) == (("data/events/01.parquet",) if matches else ())


def test_each_content_of_a_file_is_recorded_with_its_runs(project: Project) -> None:
    changed = event_file("data/events/02.parquet", "c")
    for hour, files in ((11, (JAN, FEB)), (12, (JAN, changed)), (13, (changed,)), (14, (JAN, changed))):
        project.files = files
        project.run(at(hour), {"vip": ["u1"]})
    recorded = [(row[1][-10:-8], row[3][0], row[4], row[5]) for row in project.dump()["input_file"]]
    assert sorted(recorded, key=repr) == [("01", "a", 1, 3), ("01", "a", 5, None), ("02", "b", 1, 2), ("02", "c", 3, None)]
