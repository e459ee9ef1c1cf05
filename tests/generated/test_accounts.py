"""Law 1 for accounts: the SQL and the plain evaluator agree on audiences of accounts, and on quantifiers in those of either kind."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.service.explain import explain
from engage_cli.service.progress import SILENT
from tests.generated.accounts import account_cases
from tests.generated.backend import drawing
from tests.generated.files import EVENT_FORMATS, PROFILE_FORMATS, write_project
from tests.generated.test_agreement import EXAMPLES, PARTS, agree, law
from tests.generated.test_strategies import repeatable
from tests.reference.case import Case, accounts, evaluate, evaluate_all, subjects
from tests.support.product import members_of_all

TOGETHER = 8
repeatable_examples = settings(repeatable, max_examples=150)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_build_of_audiences_of_both_kinds_agrees(part: int) -> None:
    @drawing(part)
    @law(EXAMPLES // 2 // TOGETHER)
    @given(account_cases(TOGETHER), st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS), st.integers(1, 3))
    def check(case: Case, event_format: str, profile_format: str, parts: int) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(case, folder, event_format=event_format, profile_format=profile_format, parts=parts)
            built = members_of_all(folder, case.as_of)
            assert {audience: set(members) for audience, members in built.items()} == evaluate_all(case)

    check()


def test_the_query_of_one_audience_of_either_kind_agrees() -> None:
    @law(EXAMPLES // 7)
    @given(account_cases(3), st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS))
    def check(case: Case, event_format: str, profile_format: str) -> None:
        agree(case, event_format, profile_format)

    check()


def test_what_is_drawn_has_members_and_others_of_each_quantifier_and_accounts_of_each_sort() -> None:
    seen: dict[str, int] = {}

    def count(what: str, times: int) -> None:
        seen[what] = seen.get(what, 0) + times

    @repeatable_examples
    @given(account_cases(6))
    def look(case: Case) -> None:
        everybody = subjects(case.dataset, case.as_of, case.zone, case.lists)
        every_account = accounts(case.dataset, case.as_of, case.zone, case.lists)
        count("accounts without users", sum(not one.linked for one in every_account))
        count("accounts of several users", sum(len(one.linked) > 1 for one in every_account))
        count("users of several accounts", sum(len(one.linked) > 1 for one in everybody))
        count("users without accounts", sum(not one.linked for one in everybody))
        for definition in case.audiences.values():
            kind = next(iter(definition["members"]))
            of = every_account if definition.get("of") == "accounts" else everybody
            found = len(evaluate(Case(case.dataset, _last(case, definition["audience"]), case.zone, case.as_of, case.lists)))
            count(f"{kind} met", found)
            count(f"{kind} not met", len(of) - found)

    look()
    print(seen)
    quantifiers = [f"{many}_{one}" for one in ("user", "account") for many in ("any", "no")] + ["all_users", "all_accounts"]
    wanted = [f"{one} {outcome}" for one in quantifiers for outcome in ("met", "not met")]
    rare = [what for what in seen if what.startswith(("accounts ", "users "))]
    assert len(rare) == 4
    assert min(seen.get(what, 0) for what in (*wanted, *rare)) > 10


def _last(case: Case, name: str) -> list[object]:
    return [*(one for one in case.definitions if one.get("audience") != name), case.audiences[name]]


def test_an_explanation_agrees_with_the_members() -> None:
    @law(EXAMPLES // 10)
    @given(account_cases(2), st.integers(0, 5))
    def check(case: Case, choice: int) -> None:
        asked = case.definitions[-1]
        everybody = accounts if asked.get("of") == "accounts" else subjects
        found = everybody(case.dataset, case.as_of, case.zone, case.lists)
        if not found:
            return
        chosen = found[choice % len(found)].user_id
        with tempfile.TemporaryDirectory() as name:
            write_project(case, Path(name))
            explanation = explain(Path(name), asked["audience"], chosen, as_of=case.as_of, progress=SILENT)
        assert explanation.known
        assert explanation.member == (chosen in evaluate(case))

    check()
