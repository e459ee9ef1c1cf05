"""A project elsewhere, over 81,002 real commits: built by the command line, held against hand-written queries."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tests.support.product import members_of_all
from tests.support.queries import HandWritten

PROJECT = Path(__file__).parent / "oss_commits"
QUERIES = PROJECT / "queries"
AS_OF = datetime(2026, 8, 15, tzinfo=UTC)


@cache
def built() -> dict[str, list[str]]:
    return members_of_all(PROJECT, AS_OF)


@cache
def by_hand() -> HandWritten:
    return HandWritten(QUERIES, PROJECT)


def test_every_audience_has_a_query() -> None:
    assert HandWritten.names(QUERIES) == sorted(built())


@pytest.mark.parametrize("name", HandWritten.names(QUERIES))
def test_members_are_those_of_the_query(name: str) -> None:
    expected = by_hand().members(name)
    assert built()[name] == expected
    assert expected


def test_the_command_line_builds_it_from_elsewhere(tmp_path: Path) -> None:
    """`--project DIR` with the files named by absolute paths: what is written is the members of the queries."""
    project = tmp_path / "commits"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("queries", "out", ".engage"))
    config = project / "engage.yaml"
    config.write_text(config.read_text().replace("../../../shared", str((PROJECT / "../../../shared").resolve())))
    command = [sys.executable, "-m", "engage_cli", "audience", "build", "--project", str(project), "--as-of", AS_OF.isoformat()]
    done = subprocess.run([*command, "--format", "csv", "--json"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    sizes = {row["name"]: row["size"] for row in json.loads(done.stdout)["audiences"]}
    assert sizes == {name: len(members) for name, members in built().items()}
    for name in ("feature_then_fix", "no_bots", "docs_only_in_two_repositories", "first_commit_recently", "busy_then_silent"):
        lines = (project / "out" / "audiences" / name / "members.csv").read_text().splitlines()[1:]
        assert sorted(line.split(",")[0] for line in lines) == by_hand().members(name)
