"""Strategies for operators and their operands: what stands beside a trait, or under a path of a where.

Every mapping drawn is one that docs/values.md allows; whether its type suits the value is another matter.
"""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.generated.literals import Drawn, literals, ordered, pairs, parts_of_texts
from tests.generated.pools import DURATIONS, NUMBER_LITERALS, PATTERNS, PERIODS, TEXT_LITERALS, Pool
from tests.generated.scopes import KINDS, Reference, Scope, Target

Tests = dict[str, Any]

LISTS = {"lists/texts.csv": ["a", "Ab", "12", "012", "é", "zen shoes"], "lists/users.csv": ["u1", "007", "Ü"]}

NUMBER_OPERATORS = ["eq", "ne", "gt", "gte", "lt", "lte", "between", "in", "not_in"]
TEXT_OPERATORS = ["eq", "ne", "in", "not_in", "contains", "not_contains", "contains_any", "starts_with", "ends_with"]
PATTERN_OPERATORS = ["matches", "not_matches"]
DATE_OPERATORS = ["before", "after", "since", "until", "within_last", "older_than", "within_next", "later_than", "period"]
TEXT_REFERENCE_OPERATORS = ["eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with"]
ORDER_REFERENCE_OPERATORS = ["gt", "gte", "lt", "lte", "between"]
DATE_REFERENCE_OPERATORS = ["after", "before", "since", "until"]
REFERENCE_OPERATORS = [*TEXT_REFERENCE_OPERATORS, *ORDER_REFERENCE_OPERATORS, *DATE_REFERENCE_OPERATORS]
REFERENCE_OPERATORS_OF_KIND = {
    "number": ["eq", "ne", *ORDER_REFERENCE_OPERATORS],
    "date": [*ORDER_REFERENCE_OPERATORS, *DATE_REFERENCE_OPERATORS, *DATE_REFERENCE_OPERATORS],
    "code": [*TEXT_REFERENCE_OPERATORS, *ORDER_REFERENCE_OPERATORS],
}
OPERATORS_OF_KIND = {
    "text": [*TEXT_OPERATORS, *PATTERN_OPERATORS, *PATTERN_OPERATORS, "in_file", "exists"],
    "number": [*NUMBER_OPERATORS, "contains", "exists"],
    "boolean": ["eq", "ne", "in", "not_in", "exists"],
    "date": [*NUMBER_OPERATORS, *DATE_OPERATORS, "anniversary_within_next", "anniversary_within_next", "exists"],
    "code": [*TEXT_OPERATORS, *NUMBER_OPERATORS, *PATTERN_OPERATORS, "in_file"],
    "list": ["eq", "ne", "in", "not_in", "contains", "not_contains", "contains_any", "exists"],
}
OFTEN = ["plan", "age", "born", "born", "joined", "joined"]
"""Traits that most people have, and dates, which have the most operators."""
CASELESS = {*TEXT_OPERATORS, *PATTERN_OPERATORS, "in_file"}


@st.composite
def trait_conditions(draw: st.DrawFn, scope: Scope) -> Tests:
    """`trait: plan, eq: pro` and so on."""
    path = draw(st.sampled_from([*OFTEN, *scope.traits, *scope.computed, *scope.computed, *scope.computed]))
    return {"trait": path, **draw(comparisons(scope, scope.traits[path]))}


@st.composite
def comparisons(draw: st.DrawFn, scope: Scope, target: Target) -> Tests:
    """One operator, at times two or three, mostly of those that suit the target."""
    if draw(st.integers(0, 11)) == 0:
        target = replace(target, kind=draw(st.sampled_from(KINDS)))
    if scope.references and draw(st.integers(0, 5)) == 0:
        tests = draw(_reference_tests(scope, target))
    else:
        at_most = draw(st.sampled_from([1, 1, 1, 2, 3]))
        operators = draw(st.lists(st.sampled_from(OPERATORS_OF_KIND[target.kind]), min_size=1, max_size=at_most, unique=True))
        tests = {operator: draw(_operands(scope.pool, operator, target)) for operator in operators}
    if set(tests) <= CASELESS and _has_text(tests) and draw(st.integers(0, 2)) == 0:
        tests["ignore_case"] = True
    return tests


def _has_text(tests: Tests) -> bool:
    """Whether any operand is text, so that `ignore_case` has something to say."""
    flat = [one for operand in tests.values() for one in (operand if isinstance(operand, list) else [operand])]
    return any(isinstance(one, str) for one in flat)


def references(scope: Scope, kind: str) -> st.SearchStrategy[Reference]:
    """References, to values of the same kind twice in three times."""
    same = scope.references.get(kind) or [reference for some in scope.references.values() for reference in some]
    any_kind = [reference for some in scope.references.values() for reference in some]
    return st.one_of(st.sampled_from(same), st.sampled_from(same), st.sampled_from(any_kind))


@st.composite
def _reference_tests(draw: st.DrawFn, scope: Scope, target: Target) -> Tests:
    """One operator with a reference, alone or among literals."""
    suitable = REFERENCE_OPERATORS_OF_KIND.get(target.kind, TEXT_REFERENCE_OPERATORS)
    operator = draw(st.sampled_from([*suitable, *suitable, *suitable, *REFERENCE_OPERATORS]))
    reference = references(scope, target.kind)
    if operator in ("in", "not_in") and draw(st.booleans()):
        return {operator: [draw(reference), draw(literals(target, scope.pool))]}
    if operator == "between":
        return {operator: [draw(reference), draw(reference)]}
    return {operator: draw(reference)}


def _operands(pool: Pool, operator: str, target: Target) -> Drawn:
    """What the operator takes, of literals."""
    match operator:
        case "gt" | "gte" | "lt" | "lte":
            return ordered(target, pool)
        case "between":
            return pairs(target, pool)
        case "in" | "not_in":
            other = st.sampled_from([*TEXT_LITERALS, *NUMBER_LITERALS, True])
            return _some(st.one_of(literals(target, pool), literals(target, pool), other))
        case "contains_any":
            return _some(_contained(target, pool))
        case "contains" | "not_contains":
            return _contained(target, pool)
        case "starts_with" | "ends_with":
            return parts_of_texts(target)
        case "matches" | "not_matches":
            return st.sampled_from(PATTERNS)
        case "in_file":
            return st.just("lists/users.csv" if target.is_user_id else "lists/texts.csv")
        case "exists":
            return st.booleans()
        case "before" | "after" | "since" | "until":
            return ordered(replace(target, kind="date"), pool)
        case "within_last" | "older_than" | "within_next" | "later_than":
            return st.sampled_from(DURATIONS)
        case "period":
            return st.sampled_from(PERIODS)
        case "anniversary_within_next":
            return st.sampled_from(["1 day", "7 days", "1 week", "30 days", "8 weeks", "400 days"])
    return literals(target, pool)


def _some(one: Drawn) -> Drawn:
    return st.lists(one, min_size=1, max_size=3, unique_by=repr)


def _contained(target: Target, pool: Pool) -> Drawn:
    """Elements of lists, or parts of texts."""
    return (
        st.one_of(literals(target, pool), parts_of_texts(target)) if target.kind in ("list", "number", "code") else parts_of_texts(target)
    )


# ---- numbers and instants over events


def whole_number_tests() -> Drawn:
    """What `count`, `unique` and `days` take as a mapping: whole numbers from 0 on."""
    return _number_tests(st.integers(0, 4))


def amount_tests() -> Drawn:
    """What `sum`, `avg`, `min` and `max` take for numbers."""
    return _number_tests(st.sampled_from([0, 0.3, 0.4, 1, 2, 3, 12, 12.5, 24, 100, -0.5]))


@st.composite
def _number_tests(draw: st.DrawFn, numbers: Drawn) -> Tests:
    operators = draw(st.lists(st.sampled_from(NUMBER_OPERATORS), min_size=1, max_size=draw(st.sampled_from([1, 1, 2])), unique=True))
    tests: Tests = {}
    for operator in operators:
        match operator:
            case "between":
                tests[operator] = sorted([draw(numbers), draw(numbers)])
            case "in" | "not_in":
                tests[operator] = draw(st.lists(numbers, min_size=1, max_size=3, unique=True))
            case _:
                tests[operator] = draw(numbers)
    return tests


@st.composite
def instant_tests(draw: st.DrawFn, scope: Scope, target: Target) -> Tests:
    """What `min` and `max` take for instants."""
    target = replace(target, kind="date")
    operator = draw(st.sampled_from([*NUMBER_OPERATORS, *DATE_OPERATORS]))
    operands = _some(literals(target, scope.pool)) if operator in ("in", "not_in") else _operands(scope.pool, operator, target)
    return {operator: draw(operands)}
