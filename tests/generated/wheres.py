"""Strategies for wheres over the properties that `tests.generated.datasets` draws."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.generated.comparisons import comparisons, references
from tests.generated.literals import Drawn, literals
from tests.generated.scopes import OBJECT_LISTS, Scope, Target, element_targets


@st.composite
def wheres(draw: st.DrawFn, scope: Scope, depth: int = 1) -> dict[str, Any]:
    """A where of one to three keys, groups within groups up to the depth."""
    where = draw(_fields(scope, scope.properties, at_most=draw(st.sampled_from([1, 1, 2]))))
    if draw(st.integers(0, 4)) == 0:
        where[draw(st.sampled_from(OBJECT_LISTS))] = draw(_elements(scope))
    if depth and draw(st.integers(0, 3)) == 0:
        group, member = draw(_groups(wheres(scope, depth - 1)))
        where = {**where, group: member} if draw(st.booleans()) else {group: member}
    return where


@st.composite
def _groups(draw: st.DrawFn, part: Drawn) -> tuple[str, Any]:
    group = draw(st.sampled_from(["all", "any", "none", "not"]))
    return group, draw(part if group == "not" else st.lists(part, min_size=1, max_size=2))


@st.composite
def _elements(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """What one element must be like: its own properties, at times grouped."""
    fields = _fields(scope, element_targets(scope), at_most=2)
    where: dict[str, Any] = draw(fields)
    if draw(st.integers(0, 4)) == 0:
        group, member = draw(_groups(fields))
        where[group] = member
    return where


def simple_wheres(scope: Scope) -> Drawn:
    """A where of one key, which many events meet."""
    often = {path: scope.properties[path] for path in ("amount", "color", "seen")}
    return st.one_of(_fields(scope, often, at_most=1), _fields(scope, scope.properties, at_most=1))


@st.composite
def _fields(draw: st.DrawFn, scope: Scope, targets: Mapping[str, Target], at_most: int) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(list(targets)), min_size=1, max_size=at_most, unique=True))
    return {path: draw(_wanted(scope, targets[path])) for path in chosen}


@st.composite
def _wanted(draw: st.DrawFn, scope: Scope, target: Target) -> Any:
    """Operators, or a bare value, list or reference."""
    match draw(st.integers(0, 9)):
        case 0 | 1:
            return draw(literals(target, scope.pool))
        case 2:
            return draw(st.lists(literals(target, scope.pool), min_size=1, max_size=3, unique_by=repr))
        case 3 if scope.references:
            return draw(references(scope, target.kind))
    return draw(comparisons(scope, target))
