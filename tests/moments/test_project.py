"""Every audience of the golden project, asked of users at instants of their own: what is emitted, what it gives, when it can change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engage_cli.definitions.conditions import InAudience
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.plan.moments import MomentPlan, plan_moments
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.service.trait_courses import make_trait_courses
from engage_cli.service.workspace import engine_for, load, with_tables_of
from engage_cli.source import Span
from engage_cli.sql.changes import instants_of_change
from engage_cli.sql.moments import compile_moments
from tests.conftest import Golden
from tests.reference.case import evaluate_all
from tests.reference.dataset import universe
from tests.sql.test_golden_sql import AS_OF, PROJECT
from tests.support.moments import Moment, agree_between, members_at, truths
from tests.support.product import members_of_all
from tests.support.reference import case_of

FOLDER = Path(__file__).parent
SHOWN = [
    *("did", "regular", "viewed_then_ordered", "first_order_this_month", "trait_dates"),
    *("computed_numbers", "consent_of_a_group", "colleagues"),
]
NAMES = sorted(name for name, audience in load(PROJECT).audiences.items() if audience.of is Subject.USERS)
YEAR = timedelta(days=365)
INSTANTS = [AS_OF - timedelta(days=days, hours=hours) for days, hours in ((0, 0), (3, 5), (30, 0), (200, 1))]


@contextmanager
def asked(names: list[str], low: datetime) -> Iterator[tuple[Engine, MomentPlan, Catalog]]:
    """Audiences planned for subjects of their own instants from `low` on, and staged."""
    project = load(PROJECT)
    conditions = {name: InAudience(name, Span("engage.yaml", 1, 1, 1, 1)) for name in names}
    plan = plan_moments(project, conditions, project.config.timezone, "asked")
    needs = with_tables_of(plan.needs(Needs(AS_OF, project.config.timezone), low), [plan], project.config.sources)
    with engine_for(project, PROJECT) as engine:
        catalog = engine.stage(project.config.sources, needs).catalog
        make_trait_courses(engine, None, project, catalog, sorted(plan.recorded), AS_OF)
        yield engine, plan, catalog


def is_of_the_run(name: str) -> bool:
    """Whether an audience rests on what has only a present value, so that the answer is that of the run's instant."""
    with asked([name], AS_OF) as (_, plan, _):
        return name == "by_sql" or bool(plan.recorded)


@pytest.mark.parametrize("name", SHOWN)
def test_the_sql_is_the_golden_one(name: str, golden: Golden) -> None:
    low = AS_OF - timedelta(days=7)
    with asked([name], low) as (engine, plan, catalog):
        compiled = compile_moments(plan, [name], catalog, "waiting", low, AS_OF, prefix="split_")
        texts = [f"-- {relation}\n{engine.render(query)}\n" for relation, query in compiled.steps()]
        texts.append(f"-- for whom it holds\n{engine.render(compiled.holding(name))}\n")
        texts.append(f"-- when it may change\n{engine.render(instants_of_change(plan, name, catalog, 'waiting', low, AS_OF))}\n")
        golden(FOLDER / "golden" / f"{name}.sql", "\n".join(texts))


def test_everybody_gets_the_answer_of_their_instant() -> None:
    case = case_of(PROJECT, AS_OF)
    moments: list[Moment] = [(user, at) for at in INSTANTS for user in sorted(universe(case.dataset, at))]
    with asked(NAMES, min(INSTANTS)) as (engine, plan, catalog):
        found = truths(engine, plan, catalog, moments, AS_OF)
    by_instant = {
        at: evaluate_all(replace(case, definitions=[one for one in case.definitions if one.get("audience") != "by_sql"], as_of=at))
        for at in INSTANTS
    }
    for name in NAMES:
        if not is_of_the_run(name):
            expected = {(user, at) for user, at in moments if user in by_instant[at][name]}
            assert members_at(moments, found[name]) == expected, name


def test_everybody_gets_the_answer_of_a_build_at_their_instant() -> None:
    case = case_of(PROJECT, AS_OF)
    for at in INSTANTS[:2]:
        users = sorted(universe(case.dataset, at))
        built = members_of_all(PROJECT, at)
        with asked(NAMES, at) as (engine, plan, catalog):
            found = truths(engine, plan, catalog, [(user, at) for user in users], AS_OF)
        for name in NAMES:
            if at == AS_OF or not is_of_the_run(name):
                assert [user for place, user in enumerate(users) if place in found[name]] == built[name], name


def test_author_sql_is_as_of_the_run() -> None:
    moments: list[Moment] = [("ana", INSTANTS[-1]), ("ben", AS_OF), ("cat", INSTANTS[-1])]
    with asked(["by_sql"], min(INSTANTS)) as (engine, plan, catalog):
        assert members_at(moments, truths(engine, plan, catalog, moments, AS_OF)["by_sql"]) == {moments[0], moments[2]}


def test_nothing_changes_between_two_instants_of_change() -> None:
    sources = load(PROJECT).config.sources
    with asked(NAMES, AS_OF) as (_, plan, _):
        dated = [name for name in NAMES if plan.dated(name, sources)]
    assert len(dated) > len(NAMES) // 2
    with asked(dated, AS_OF - YEAR) as (engine, plan, catalog):
        agree_between(engine, plan, catalog, AS_OF - YEAR, AS_OF, [0.1, 0.9, 0.5])
