"""Between two of the instants at which a condition may change, it does not."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.definitions.conditions import InAudience
from engage_cli.plan.moments import plan_moments
from engage_cli.plan.needs import Needs
from engage_cli.service.trait_courses import make_trait_courses
from engage_cli.service.workspace import engine_for, load, with_tables_of
from engage_cli.source import Span
from tests.generated.accounts import account_cases
from tests.generated.files import write_project
from tests.generated.strategies import many_audiences
from tests.generated.test_agreement import EXAMPLES, law
from tests.generated.timely import timely_cases
from tests.reference.case import Case
from tests.support.moments import agree_between

TOGETHER = 8
STRETCHES = [timedelta(hours=1), timedelta(days=3), timedelta(days=40), timedelta(days=40), timedelta(days=400)]


def agrees_between(case: Case, folder: Path, stretch: timedelta, shares: list[float]) -> None:
    """Fail unless every audience of the case is, at any instant of the stretch up to its own, what it was at the last instant found."""
    project = load(folder)
    asked = {name: InAudience(name, Span("engage.yaml", 1, 1, 1, 1)) for name, one in case.audiences.items() if one.get("of") != "accounts"}
    plan = plan_moments(project, asked, case.zone, "asked")
    low, high = case.as_of - stretch, case.as_of
    with engine_for(project, folder) as engine:
        needs = with_tables_of(plan.needs(Needs(high, case.zone), low), [plan], project.config.sources)
        staging = engine.stage(project.config.sources, needs)
        make_trait_courses(engine, None, project, staging.catalog, sorted(plan.recorded), high)
        try:
            agree_between(engine, plan, staging.catalog, low, high, shares)
        except AssertionError as wrong:
            raise AssertionError(f"{wrong}: {case.definitions}") from wrong


CASES = {"timely": timely_cases(), "any": many_audiences(number=TOGETHER), "accounts": account_cases(TOGETHER)}


@pytest.mark.parametrize(("kind", "examples"), [("timely", 40), ("any", 12), ("accounts", 12)])
def test_nothing_changes_between_two_instants_of_change(kind: str, examples: int) -> None:
    @law(EXAMPLES * examples // 1000)
    @given(CASES[kind], st.sampled_from(STRETCHES), st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5))
    def check(case: Case, stretch: timedelta, shares: list[float]) -> None:
        with tempfile.TemporaryDirectory() as name:
            write_project(case, Path(name))
            agrees_between(case, Path(name), stretch, shares)

    check()
