"""Strategies for sequences of every order, with `not`, `within`, `span`, `without`, `settled`, `first_time` and references."""

from typing import Any

from hypothesis import strategies as st

from tests.generated.comparisons import REFERENCE_OPERATORS
from tests.generated.events import durations, names, optional_wheres, windows, with_where
from tests.generated.scopes import Scope
from tests.generated.wheres import simple_wheres

Step = dict[str, Any]

STEP_NAMES = ["one", "two", "three"]


@st.composite
def sequence_conditions(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """`sequence: [..]` with whatever may stand beside it."""
    order = draw(st.sampled_from(["then", "then", "then", "strict", "any"]))
    condition = draw(_in_any_order(scope)) if order == "any" else draw(_in_order(scope))
    if order != "then" or draw(st.booleans()):
        condition["order"] = order
    if draw(st.integers(0, 2)) == 0:
        condition |= draw(windows(scope.pool, between_ago=False))
    if draw(st.integers(0, 4)) == 0:
        condition["span"] = draw(durations)
    return condition


@st.composite
def _in_any_order(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """Two to four steps that refer to nothing."""
    plain = scope.without_references()
    steps = [with_where({"event": draw(names())}, draw(_where_of_step(plain))) for _ in range(draw(st.integers(2, 4)))]
    condition: dict[str, Any] = {"sequence": steps}
    if draw(st.booleans()):
        condition["at_least"] = draw(st.integers(1, len(steps)))
    return condition | draw(_without(plain))


@st.composite
def _in_order(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """One to three steps, `not` steps between them and at the end, two in all at least."""
    steps: list[Step] = []
    known = scope
    for position in range(draw(st.integers(1, 3))):
        if position:
            steps += [{"not": draw(_plain_step(known))} for _ in range(draw(st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2])))]
        step, name = draw(_step(known, is_first=position == 0)), STEP_NAMES[position]
        if draw(st.booleans()):
            step["as"] = name
            known = known.with_step(name)
        steps.append(step)
    endings = draw(st.sampled_from([0, 0, 0, 1, 1, 2]))
    steps += draw(_not_at_the_end(known, max(endings, 2 - len(steps))))
    return {"sequence": steps} | draw(_without(known))


@st.composite
def _step(draw: st.DrawFn, scope: Scope, is_first: bool) -> Step:
    if draw(st.integers(0, 6)) == 0:
        step = draw(_plain_step(scope.without_steps()))
        step["first_time"] = draw(st.sampled_from([True, "by_name"]))
    else:
        step = draw(_plain_step(scope))
    if not is_first and draw(st.integers(0, 2)) == 0:
        step["within"] = draw(durations)
    return step


@st.composite
def _plain_step(draw: st.DrawFn, scope: Scope) -> Step:
    return with_where({"event": draw(names())}, draw(_where_of_step(scope)))


@st.composite
def _not_at_the_end(draw: st.DrawFn, scope: Scope, number: int) -> list[Step]:
    """So many `not` steps; `settled` is beside each of them or beside none."""
    settled = draw(st.integers(0, 2)) == 0
    steps: list[Step] = [{"not": draw(_plain_step(scope))} for _ in range(number)]
    for step in steps:
        if settled or draw(st.booleans()):
            step["within"] = draw(durations)
        if settled:
            step["settled"] = True
    return steps


@st.composite
def _without(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    if draw(st.integers(0, 5)):
        return {}
    return {"without": draw(st.lists(_plain_step(scope), min_size=1, max_size=2))}


@st.composite
def _where_of_step(draw: st.DrawFn, scope: Scope) -> dict[str, Any] | None:
    """Nothing, a where, or one that ties the step to an earlier one."""
    references = [reference for some in scope.references.values() for reference in some if "ref" in reference]
    if references and draw(st.integers(0, 2)) == 0:
        reference = draw(st.sampled_from(references))
        path = reference["ref"].partition(".")[2]
        operator = draw(st.sampled_from(["bare", "bare", "bare", *REFERENCE_OPERATORS]))
        return {path: _referring(operator, reference)}
    where: dict[str, Any] | None = draw(st.one_of(st.none(), st.none(), st.none(), simple_wheres(scope), optional_wheres(scope)))
    return where


def _referring(operator: str, reference: dict[str, str]) -> Any:
    if operator == "bare":
        return reference
    return {operator: [reference, reference]} if operator == "between" else {operator: reference}
