"""`engage init`: a project that runs at once, and nothing of the user's is touched."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from engage_cli.definitions.project_files import load_project
from engage_cli.errors import ExitCode, UsageError
from engage_cli.service import init as module
from engage_cli.service.init import EXAMPLE_AUDIENCE, STARTER, init
from tests.cli import starter_data
from tests.cli.running import Engage

TODAY = date(2027, 3, 1)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_project_is_whole_and_valid(tmp_path: Path) -> None:
    result = init(tmp_path / "a" / "shop", today=TODAY)
    assert set(result.files) == set(contents(tmp_path / "a" / "shop"))
    assert {"engage.yaml", "README.md", ".gitignore", "sample_data/events.jsonl"} <= set(result.files)
    assert EXAMPLE_AUDIENCE in load_project(tmp_path / "a" / "shop").audiences


def test_the_sample_data_ends_yesterday(tmp_path: Path) -> None:
    init(tmp_path, today=TODAY)
    events = [json.loads(line) for line in (tmp_path / "sample_data" / "events.jsonl").read_text().splitlines()]
    assert max(event["timestamp"] for event in events)[:10] == "2027-02-28"
    assert min(event["timestamp"] for event in events) > (TODAY - timedelta(days=130)).isoformat()


def test_the_files_that_come_with_the_package_are_what_the_generator_writes() -> None:
    assert (STARTER / "sample_data" / "profiles.csv").read_text(encoding="utf-8") == starter_data.profiles()
    assert (STARTER / "sample_data" / "consents.csv").read_text(encoding="utf-8") == starter_data.consents()
    assert (STARTER / "sample_data" / "events.jsonl").read_text(encoding="utf-8") == starter_data.events()
    assert sum(len(content) for content in contents(STARTER).values()) < 60_000


def test_a_project_is_never_overwritten(tmp_path: Path) -> None:
    init(tmp_path, today=TODAY)
    (tmp_path / "engage.yaml").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="there is a project in"):
        init(tmp_path, today=TODAY)
    assert contents(tmp_path) == before


def test_no_file_is_ever_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "campaigns" / "audiences" / "intent.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UsageError, match="nothing is overwritten"):
        init(tmp_path, today=TODAY)
    assert contents(tmp_path) == {"campaigns/audiences/intent.yaml": b"mine"}


def test_a_readme_and_other_files_of_a_repository_stay(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "setup.cfg").write_text("mine")
    result = init(tmp_path, today=TODAY)
    assert "README.md" not in result.files
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    make_folder = module._make_folder

    def failing(folder: Path, made: list[Path]) -> None:
        if folder.name == "sample_data":
            raise error
        make_folder(folder, made)

    monkeypatch.setattr(module, "_make_folder", failing)
    with pytest.raises(type(error)):
        init(tmp_path / "shop", today=TODAY)
    assert not (tmp_path / "shop").exists()


def test_a_file_is_no_folder(engage: Engage, tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    ran = engage("init", str(tmp_path / "shop"))
    assert ran.code == ExitCode.USAGE
    assert "is a file, and a project is a folder" in ran.err


def test_what_init_says(engage: Engage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = engage("init", "shop")
    assert ran.out.startswith("made a project in shop: ")
    assert ran.out.endswith(
        f"next:\n  cd shop\n  engage audience build\n  engage audience preview {EXAMPLE_AUDIENCE}\n  engage run    # journeys and messages, too; README.md says how\n"
    )
    again = engage("init", "shop", "--json")
    assert (again.code, again.document["error"]["exit_code"]) == (2, 2)


def test_init_here(engage: Engage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = engage("init", "--json")
    assert ran.document["folder"] == "."
    assert "engage.yaml" in ran.document["files"]
