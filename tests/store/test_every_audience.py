"""Every audience of the demo and of the real commits: from the store, without one, after a rebuild, from files that came one by one."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.store import compact_store, rebuild_store
from tests.support.product import members_of_all

ROOT = Path(__file__).parent.parent.parent
COMMITS = ROOT / "tests" / "oss_commits"
PROJECTS = {"demo": (ROOT, datetime(2026, 11, 23, 10, tzinfo=UTC)), "commits": (COMMITS, datetime(2026, 8, 15, tzinfo=UTC))}
ANY = {"demo": "vips", "commits": "busy_then_silent"}


def _copied(name: str, folder: Path) -> tuple[Path, datetime]:
    """A copy of a project beside which its data is found as before."""
    source, as_of = PROJECTS[name]
    shutil.copytree(source / "campaigns", folder / "campaigns")
    config = (source / "engage.yaml").read_text().replace("../../../shared", str(ROOT.parent / "shared"))
    (folder / "engage.yaml").write_text(config)
    if name == "demo":
        shutil.copytree(source / "sample_data", folder / "sample_data", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return folder, as_of


def _without_store(folder: Path) -> None:
    """Have the project read its files at every run."""
    lines = [line for line in (folder / "engage.yaml").read_text().splitlines() if not line.startswith("store:")]
    (folder / "engage.yaml").write_text("\n".join([*lines, "store: none", ""]))


@pytest.mark.parametrize("name", PROJECTS)
def test_an_answer_does_not_depend_on_the_store(name: str, tmp_path: Path) -> None:
    folder, as_of = _copied(name, tmp_path / "project")
    events = folder / "sample_data" / "events"
    later = sorted(events.glob("*"))[1::2] if events.exists() else []
    for path in later:
        path.rename(tmp_path / path.name)
    # A run of one audience takes in what all definitions need.
    build_audiences(folder, [ANY[name]], as_of=as_of, dry_run=False, progress=SILENT)
    for path in later:
        (tmp_path / path.name).rename(path)
        build_audiences(folder, [ANY[name]], as_of=as_of, progress=SILENT)
    grown = members_of_all(folder, as_of)
    compact_store(folder, wait=30.0, progress=SILENT)
    compacted = members_of_all(folder, as_of)
    rebuild_store(folder, wait=30.0, progress=SILENT)
    rebuilt = members_of_all(folder, as_of)
    _without_store(folder)
    bare = members_of_all(folder, as_of)
    assert any(bare.values())
    assert grown == bare
    assert compacted == bare
    assert rebuilt == bare
