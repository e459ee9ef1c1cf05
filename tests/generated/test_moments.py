"""Law 1 for subjects with instants of their own: in one batch they get the answers that each gets alone, and the plain evaluator gives."""

import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.definitions.conditions import InAudience
from engage_cli.source import Span
from tests.generated.accounts import account_cases
from tests.generated.files import EVENT_FORMATS, PROFILE_FORMATS, write_project
from tests.generated.pools import interesting_instants
from tests.generated.strategies import many_audiences
from tests.generated.test_agreement import EXAMPLES, law
from tests.generated.timely import timely_cases
from tests.reference.case import Case, evaluate_all
from tests.reference.dataset import universe
from tests.support.moments import Moment, members_at, truths_of_project

TOGETHER = 8


def instants_of(case: Case) -> list[datetime]:
    """Instants up to the case's own at which something happens, and those around the edges of windows and days."""
    dataset = case.dataset
    dated = [row.timestamp for rows in (dataset.events, dataset.profiles) for row in rows if row.timestamp is not None]
    dated += [row.updated_at for row in dataset.consents if row.updated_at is not None]
    edges = interesting_instants(case.as_of, ZoneInfo(case.zone))
    return sorted(at for at in {*dated, *edges} if at <= case.as_of)


CASES = {"any": many_audiences(number=TOGETHER), "timely": timely_cases(), "accounts": account_cases(TOGETHER)}


@pytest.mark.parametrize(("kind", "examples"), [("any", 32), ("timely", 20), ("accounts", 20)])
def test_subjects_get_the_answers_of_their_instants(kind: str, examples: int) -> None:
    @law(EXAMPLES * examples // 1000)
    @given(CASES[kind], st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS), st.data())
    def check(case: Case, event_format: str, profile_format: str, data: st.DataObject) -> None:
        instants = sorted({case.as_of, *data.draw(st.lists(st.sampled_from(instants_of(case)), min_size=1, max_size=5, unique=True))})
        moments: list[Moment] = [(user, at) for at in instants for user in sorted(universe(case.dataset, at))]
        if not moments:
            return
        of_users = [name for name, one in case.audiences.items() if one.get("of") != "accounts"]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(case, folder, event_format=event_format, profile_format=profile_format)
            asked = {audience: InAudience(audience, Span("engage.yaml", 1, 1, 1, 1)) for audience in of_users}
            found = truths_of_project(folder, asked, "asked", moments, case.as_of)
        expected = {at: evaluate_all(replace(case, as_of=at, scored_at=case.as_of)) for at in instants}
        for audience in of_users:
            assert members_at(moments, found[audience]) == {(user, at) for at in instants for user in expected[at][audience]}, audience

    check()
