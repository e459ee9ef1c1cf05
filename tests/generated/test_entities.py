"""Law 1 for entities: the SQL and the plain evaluator agree on linked rows, however deep, in audiences of users and of accounts."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.definitions.conditions import InAudience
from engage_cli.source import Span
from tests.generated.backend import drawing
from tests.generated.entities import MAX_LEVELS, entity_cases
from tests.generated.files import PROFILE_FORMATS, write_project
from tests.generated.test_agreement import EXAMPLES, agree, law
from tests.generated.test_moments import instants_of
from tests.generated.test_strategies import repeatable
from tests.reference.case import Case, evaluate_all, linked
from tests.reference.dataset import universe
from tests.reference.entities import qualifying
from tests.reference.values import read_text
from tests.support.moments import Moment, members_at, truths_of_project
from tests.support.product import members_of_all, qualifying_rows

TOGETHER = 8


@pytest.mark.parametrize("part", range(2))
def test_a_build_of_audiences_with_linked_rows_agrees(part: int) -> None:
    @drawing(part)
    @law(EXAMPLES // 3 // TOGETHER)
    @given(entity_cases(TOGETHER), st.sampled_from(PROFILE_FORMATS))
    def check(case: Case, profile_format: str) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(case, folder, profile_format=profile_format)
            built = members_of_all(folder, case.as_of)
            assert {audience: set(members) for audience, members in built.items()} == evaluate_all(case)

    check()


def test_the_query_of_one_audience_with_linked_rows_agrees() -> None:
    @law(EXAMPLES // 25)
    @given(entity_cases(2), st.sampled_from(PROFILE_FORMATS))
    def check(case: Case, profile_format: str) -> None:
        agree(case, "jsonl", profile_format)

    check()


def test_the_rows_that_qualify_members_are_those_that_the_evaluator_finds() -> None:
    found = {"lists": 0, "inner": 0}

    @law(EXAMPLES // 8)
    @given(entity_cases(TOGETHER), st.sampled_from(PROFILE_FORMATS))
    def check(case: Case, profile_format: str) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(case, folder, profile_format=profile_format)
            told = qualifying_rows(folder, case.as_of)
        expected = _qualifying(case)
        assert {key: rows for key, rows in told.items() if rows} == expected
        found["lists"] += len(expected)
        found["inner"] += sum(entity not in ("orders", "notes") for _, entity, _ in expected)

    check()
    print(found)
    assert min(found.values()) > 2


def _qualifying(case: Case) -> dict[tuple[str, str, str], list[str]]:
    """By audience, entity and member the keys of the rows that make them one, sorted."""
    kinds = dict(zip(("users", "accounts"), linked(case.dataset, case.as_of, case.zone, case.lists), strict=True))
    found: dict[tuple[str, str, str], set[str]] = {}
    for name, members in evaluate_all(case).items():
        definition = case.audiences[name]
        for subject in kinds[definition.get("of", "users")]:
            for row in qualifying(definition["members"], subject, case.audiences) if subject.user_id in members else ():
                key = read_text(row.properties[case.dataset.entities[row.entity].key])
                found.setdefault((name, row.entity, subject.user_id), set()).add(str(key))
    return {key: sorted(keys) for key, keys in found.items()}


def test_subjects_with_instants_of_their_own_get_the_answers_of_these() -> None:
    @law(EXAMPLES // 25)
    @given(entity_cases(TOGETHER), st.data())
    def check(case: Case, data: st.DataObject) -> None:
        instants = sorted({case.as_of, *data.draw(st.lists(st.sampled_from(instants_of(case)), min_size=1, max_size=3, unique=True))})
        moments: list[Moment] = [(user, at) for at in instants for user in sorted(universe(case.dataset, at))]
        if not moments:
            return
        of_users = [name for name, definition in case.audiences.items() if "of" not in definition]
        with tempfile.TemporaryDirectory() as name:
            write_project(case, Path(name))
            asked = {audience: InAudience(audience, Span("x", 1, 1, 1, 1)) for audience in of_users}
            found = truths_of_project(Path(name), asked, "asked", moments, case.as_of)
        expected = {at: evaluate_all(replace(case, as_of=at)) for at in instants}
        for audience in of_users:
            members = {(user, at) for at in instants for user in expected[at][audience]}
            assert members_at(moments, found[audience]) == members, audience

    check()


def test_what_is_drawn_goes_six_levels_deep_and_is_met_by_some_and_not_by_others() -> None:
    depths: dict[int, int] = {}
    outcomes = {"met": 0, "not met": 0, "compared with a trait inside": 0}

    @settings(repeatable, max_examples=60)
    @given(entity_cases(6))
    def look(case: Case) -> None:
        for name, found in evaluate_all(case).items():
            for depth, condition in _conditions(case.audiences[name]["members"], 1):
                depths[depth] = depths.get(depth, 0) + 1
                outcomes["compared with a trait inside"] += depth > 1 and "'trait'" in repr(condition.get("where"))
            outcomes["met" if found else "not met"] += 1

    look()
    print(depths, outcomes)
    assert set(depths) == set(range(1, MAX_LEVELS + 1))
    assert min(depths.values()) > 10
    assert min(outcomes.values()) > 20


def _conditions(condition: Any, depth: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every `entity` condition within, with its level."""
    if isinstance(condition, list):
        for part in condition:
            yield from _conditions(part, depth)
    elif isinstance(condition, Mapping) and "entity" in condition:
        yield depth, condition
        yield from _conditions(condition.get("has", {}), depth + 1)
    elif isinstance(condition, Mapping):
        for part in condition.values():
            yield from _conditions(part, depth)
