"""Between two of the instants at which a condition may change, it does not."""

import tempfile
from bisect import bisect_right
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.definitions.conditions import InAudience
from engage_cli.plan.moments import plan_moments
from engage_cli.plan.needs import Needs
from engage_cli.service.workspace import engine_for, load
from engage_cli.source import Span
from tests.generated.files import write_project
from tests.generated.pools import MICROSECOND
from tests.generated.strategies import many_audiences
from tests.generated.test_agreement import EXAMPLES, law
from tests.reference.case import Case
from tests.support.moments import Moment, changes_of, truths

TOGETHER = 8
STRETCHES = [timedelta(hours=1), timedelta(days=3), timedelta(days=40), timedelta(days=40), timedelta(days=400)]


def agrees_between(case: Case, folder: Path, stretch: timedelta, shares: list[float]) -> None:
    """Fail unless every audience of the case is, at any instant of the stretch up to its own, what it was at the last instant found."""
    project = load(folder)
    asked = {name: InAudience(name, Span("engage.yaml", 1, 1, 1, 1)) for name in case.audiences}
    plan = plan_moments(project, asked, case.zone, "asked")
    low, high = case.as_of - stretch, case.as_of
    with engine_for(project, folder) as engine:
        staging = engine.stage(project.config.sources, plan.needs(Needs(high, case.zone), low))
        changes = changes_of(engine, plan, staging.catalog, low, high)
        users = sorted(user for (user,) in engine.rows("SELECT user_id FROM users"))
        by_user = {name: _by_user(found, low, users) for name, found in changes.items()}
        probes = {user: sorted(_probes([at for found in by_user.values() for at in found[user]], high, shares)) for user in users}
        moments: list[Moment] = [(user, at) for user in users for at in probes[user]]
        if not moments:
            return
        found = truths(engine, plan, staging.catalog, moments, high)
    places = {moment: place for place, moment in enumerate(moments)}
    for name, instants in by_user.items():
        for user, at in moments:
            since = instants[user][bisect_right(instants[user], at) - 1]
            before, now = places[user, since] in found[name], places[user, at] in found[name]
            assert before == now, f"{name} of {user} is {before} at {since}, {now} at {at}: {case.audiences[name]}"


def _by_user(found: set[Moment], low: datetime, users: list[str]) -> dict[str, list[datetime]]:
    instants: dict[str, set[datetime]] = defaultdict(set)
    for user, at in found:
        instants[user].add(at)
    return {user: sorted({low, *instants[user]}) for user in users}


def _probes(instants: list[datetime], high: datetime, shares: list[float]) -> set[datetime]:
    """The instants, a microsecond before each and the end, and some between."""
    found = sorted({*instants, high})
    low = found[0]
    between = {one + (other - one) * share for (one, other), share in zip(pairwise(found), shares * len(found), strict=False)}
    return {at for at in (*found, *(one - MICROSECOND for one in found), *between) if at >= low}


@pytest.mark.parametrize("part", range(2))
def test_nothing_changes_between_two_instants_of_change(part: int) -> None:
    @law(EXAMPLES * 4 // 10)
    @given(many_audiences(number=TOGETHER), st.sampled_from(STRETCHES), st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5))
    def check(case: Case, stretch: timedelta, shares: list[float]) -> None:
        with tempfile.TemporaryDirectory() as name:
            write_project(case, Path(name))
            agrees_between(case, Path(name), stretch, shares)

    check()
