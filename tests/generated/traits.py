"""Strategies for computed traits, and for what conditions ask of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.generated.events import ANY_PROPERTIES, NUMBER_PROPERTIES, names, optional_wheres, windows, with_where
from tests.generated.scopes import Scope, Target
from tests.reference.subject import Subject
from tests.reference.traits import SQL, with_computed
from tests.reference.values import Datum, is_missing

OF_EVENTS = ["count", "distinct_days", "days_since_first", "days_since_last"]
OF_NUMBERS = ["sum", "sum", "avg", "min", "max"]
OF_VALUES = ["most_frequent", "most_frequent", "first", "last", "unique_list", "unique_count"]
KIND_OF = {**dict.fromkeys(OF_EVENTS + OF_NUMBERS + ["unique_count"], "number"), "most_frequent": "text", "unique_list": "list"}
EXPRESSIONS = [
    "{a} / {b}",
    "{a} + {b} * 2",
    "-{a}",
    "min({a}, {b})",
    "max({a}, {b}, 1)",
    "coalesce({a}, {b}, 0)",
    "abs({a} - {b})",
    "({a} - 1) / 3",
]
NUMBERS_OF_PROFILES = ["age", "points", "plan"]


@st.composite
def trait_definitions(draw: st.DrawFn, scope: Scope, of: str = "users") -> list[dict[str, Any]]:
    """One to four traits of users or accounts, of which later ones may be computed of earlier ones."""
    made: list[dict[str, Any]] = []
    whose = {} if of == "users" else {"of": of}
    for number in range(draw(st.integers(1, 4))):
        name = f"computed_{number}" if of == "users" else f"account_computed_{number}"
        earlier = [definition["trait"] + (".monetary" if "rfm" in definition else "") for definition in made]
        if earlier and draw(st.integers(0, 2)) == 0:
            parts = st.sampled_from([*earlier, *NUMBERS_OF_PROFILES])
            definition: dict[str, Any] = {
                "trait": name,
                **whose,
                "expression": draw(st.sampled_from(EXPRESSIONS)).format(a=draw(parts), b=draw(parts)),
            }
            default: Any = draw(st.sampled_from([None, None, 0, 1.5]))
        elif draw(st.integers(0, 4)) == 0:
            definition, default = {"trait": name, **whose, "rfm": draw(_ranked(scope))}, None
        elif draw(st.integers(0, 4)) == 0:
            definition = {
                "trait": name,
                **whose,
                "sql": draw(st.sampled_from([text for text in SQL if text.startswith(f"select {of[:-1]}_id")])),
            }
            default = draw(st.sampled_from([None, None, 5]))
        else:
            definition = {"trait": name, **whose, **draw(_of_events(scope))}
            if earlier and draw(st.integers(0, 3)) == 0:
                definition["where"] = {"amount": {draw(st.sampled_from(["gt", "lte", "eq"])): {"trait": draw(st.sampled_from(earlier))}}}
            is_number = KIND_OF.get(definition["compute"]) == "number"
            default = draw(st.sampled_from([None, None, 0, 7] if is_number else [None, None, "none", 3]))
        if default is not None:
            definition["default"] = default
        made.append(definition)
    return made


@st.composite
def _of_events(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    compute = draw(st.sampled_from(OF_EVENTS + OF_NUMBERS + OF_VALUES))
    definition: dict[str, Any] = {"compute": compute, "event": draw(names())}
    if compute not in OF_EVENTS:
        properties = NUMBER_PROPERTIES if compute in OF_NUMBERS else ANY_PROPERTIES
        if compute in ("first", "last"):
            properties = [path for path in properties if "[]" not in path]
        definition["property"] = draw(st.sampled_from(properties))
    if compute == "most_frequent" and draw(st.booleans()):
        definition["at_least"] = draw(st.sampled_from([1, 1, 3]))
    definition = with_where(definition, draw(optional_wheres(scope)))
    if draw(st.integers(0, 4)) == 0:
        return {**definition, "session": draw(st.sampled_from(["45 seconds", "90 minutes", "2 days"]))}
    return {**definition, **draw(windows(scope.pool))}


@st.composite
def _ranked(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    definition: dict[str, Any] = {"event": draw(names()), "property": draw(st.sampled_from(NUMBER_PROPERTIES))}
    return {**with_where(definition, draw(optional_wheres(scope))), **draw(windows(scope.pool))}


def with_traits(scope: Scope, definitions: Sequence[Mapping[str, Any]], subjects: Sequence[Subject]) -> Scope:
    """The scope in which these traits may be asked for: their kinds, and the values that they have."""
    traits = {definition["trait"]: definition for definition in definitions}
    found = with_computed(subjects, traits)
    targets = {}
    for name, definition in traits.items():
        if "rfm" in definition:
            for part in ("segment", "recency", "frequency", "monetary"):
                targets[f"{name}.{part}"] = Target("text" if part == "segment" else "number", _inside(found, name, part))
            continue
        data = [subject.computed[name] for subject in found if not is_missing(subject.computed[name].value)]
        kind = _kind(definition)
        scalars = [datum for datum in data if not isinstance(datum.value, list | Mapping)]
        targets[name] = Target(kind, scalars)
    references = {
        kind: [*paths, *({"trait": name} for name in targets if targets[name].kind == kind)] for kind, paths in scope.references.items()
    }
    return replace(scope, traits={**scope.traits, **targets}, references=references, computed=tuple(targets))


def _kind(definition: Mapping[str, Any]) -> str:
    if "sql" in definition:
        return "number" if "count(" in definition["sql"] else "text"
    return "number" if "expression" in definition else KIND_OF.get(definition["compute"], "text")


def _inside(subjects: Sequence[Subject], name: str, part: str) -> list[Datum]:
    return [datum for subject in subjects for datum in subject.trait(f"{name}.{part}") if not is_missing(datum.value)]
