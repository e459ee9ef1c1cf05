"""What the compiler emits, audience by audience: shown in golden/, run, and held against the plain evaluator."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engage_cli.plan.build import plan_audiences
from engage_cli.service.look import materialise
from engage_cli.service.progress import SILENT
from engage_cli.service.workspace import Staged, engine_for, load, stage, with_tables
from tests.conftest import Golden
from tests.support.product import member_ids
from tests.support.reference import case_of, reference_members

FOLDER = Path(__file__).parent
PROJECT = FOLDER / "project"
AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)
NAMES = sorted(load(PROJECT).audiences)


def staged(name: str) -> Iterator[Staged]:
    """One audience, staged and compiled."""
    project = load(PROJECT)
    plan = with_tables(plan_audiences(project, [name], AS_OF, project.config.timezone), project.config.sources)
    with engine_for(project, PROJECT) as engine:
        yield stage(project, PROJECT, engine, plan, strict=True, progress=SILENT)


@pytest.mark.parametrize("name", NAMES)
def test_the_sql_is_the_golden_one_and_gives_the_members(name: str, golden: Golden) -> None:
    for one in staged(name):
        query = one.compiled.members(name)
        text = one.engine.render(query)
        golden(FOLDER / "golden" / f"{name}.sql", text + "\n")
        by_query = [user for (user,) in one.engine.rows(text)]
        materialise(one)
        by_statements = sorted(user for _, user in one.engine.rows(member_ids(one)))
        assert by_query == by_statements
        if name != "by_sql":
            assert set(by_query) == reference_members(case_of(PROJECT, AS_OF), name)


def test_author_sql_gives_its_rows() -> None:
    for one in staged("by_sql"):
        assert one.engine.rows(one.compiled.members("by_sql")) == [("ana",), ("cat",)]


def test_every_audience_has_members_and_others() -> None:
    """A golden whose audience is empty or everybody would prove little."""
    everybody = {"users": {"ana", "ben", "cat", "dan", "eve"}, "accounts": {"acme", "blue", "cube", "solo"}}
    for name, audience in load(PROJECT).audiences.items():
        if name in ("everybody", "by_sql"):
            continue
        members = reference_members(case_of(PROJECT, AS_OF), name)
        assert members and members < everybody[audience.of.value], name
