"""The strategies for others to use: whole cases, datasets, conditions of every kind.

`cases()` draws what `tests.reference.evaluate` answers. Every condition drawn is valid by docs/values.md and docs/conditions.md.
"""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.generated.comparisons import LISTS, trait_conditions
from tests.generated.consents import consent_conditions
from tests.generated.datasets import datasets
from tests.generated.events import event_conditions
from tests.generated.pools import Pool, pools
from tests.generated.scopes import Scope, scope_of
from tests.generated.sequences import sequence_conditions
from tests.generated.traits import trait_definitions, with_traits
from tests.reference.case import Case, subjects
from tests.reference.dataset import Dataset

Condition = dict[str, Any]

LEAF_KINDS = ["trait", "trait", "event", "event", "event", "sequence", "sequence", "audience", "random", "everyone", "consent"]
NAMES = ["first", "second", "asked"]
DEPTH = 3


@st.composite
def cases(draw: st.DrawFn, kinds: Sequence[str] = LEAF_KINDS, depth: int = DEPTH) -> Case:
    """A dataset and one to three audiences, of which the last is the one asked; later ones may name earlier ones.

    `kinds` are those of the leaves, as often as they stand there; `depth` is that of `all`, `any`, `none` and `not`.
    """
    pool = draw(pools())
    dataset = draw(datasets(pool))
    scope, definitions = draw(_with_traits(pool, dataset))
    for name in NAMES[draw(st.sampled_from([0, 1, 2, 2])) :]:
        earlier = [definition["audience"] for definition in definitions if "audience" in definition]
        definitions.append({"audience": name, "members": draw(conditions(scope, earlier, kinds, depth))})
    return Case(dataset, definitions, pool.zone, pool.as_of, LISTS)


@st.composite
def many_audiences(draw: st.DrawFn, kinds: Sequence[str] = LEAF_KINDS, number: int = 10) -> Case:
    """A dataset and many audiences to ask of it at once, simple ones for the most part: `evaluate_all` answers."""
    pool = draw(pools())
    dataset = draw(datasets(pool))
    scope, definitions = draw(_with_traits(pool, dataset))
    for position in range(number):
        earlier = [definition["audience"] for definition in definitions if "audience" in definition]
        members = draw(conditions(scope, earlier, kinds, depth=draw(st.sampled_from([0, 0, 1, 3]))))
        definitions.append({"audience": f"asked_{position}", "members": members})
    return Case(dataset, definitions, pool.zone, pool.as_of, LISTS)


@st.composite
def _with_traits(draw: st.DrawFn, pool: Pool, dataset: Dataset) -> tuple[Scope, list[dict[str, Any]]]:
    """What conditions may speak of, and half the time computed traits among it."""
    scope = scope_of(pool, dataset)
    if draw(st.booleans()):
        return scope, []
    definitions = draw(trait_definitions(scope))
    return with_traits(scope, definitions, subjects(dataset, pool.as_of, pool.zone, LISTS)), definitions


@st.composite
def questions(draw: st.DrawFn, kinds: Sequence[str] = LEAF_KINDS, number: int = 12) -> tuple[Dataset, Pool, list[Condition]]:
    """A dataset and several leaves to ask of it, which is cheaper than a case for each."""
    pool = draw(pools())
    dataset = draw(datasets(pool))
    scope = scope_of(pool, dataset)
    return dataset, pool, [draw(leaves(scope, [], draw(st.sampled_from(kinds)))) for _ in range(number)]


@st.composite
def conditions(
    draw: st.DrawFn, scope: Scope, audiences: Sequence[str] = (), kinds: Sequence[str] = LEAF_KINDS, depth: int = DEPTH
) -> Condition:
    """A condition of any kind; `audiences` are those that it may name."""
    if depth == 0 or draw(st.integers(0, 2)):
        return draw(leaves(scope, audiences, draw(st.sampled_from(kinds))))
    part = conditions(scope, audiences, kinds, depth - 1)
    combination = draw(st.sampled_from(["all", "any", "none", "not"]))
    return {combination: draw(part if combination == "not" else st.lists(part, min_size=1, max_size=3))}


@st.composite
def leaves(draw: st.DrawFn, scope: Scope, audiences: Sequence[str], kind: str) -> Condition:
    """A condition of one kind that holds no other. `audience` where there is none to name is a trait."""
    match kind:
        case "event":
            return draw(event_conditions(scope))
        case "sequence":
            return draw(sequence_conditions(scope))
        case "random":
            return draw(shares())
        case "consent":
            return draw(consent_conditions())
        case "everyone":
            return {"everyone": True}
        case "audience" if audiences:
            return {"audience": draw(st.sampled_from(list(audiences)))}
    return draw(trait_conditions(scope))


@st.composite
def shares(draw: st.DrawFn) -> Condition:
    """`random`, with a salt of its own or that of its definition."""
    share: Condition = {"percent": draw(st.sampled_from([0, 0.000001, 10, 33.333333, 50, 50.5, 90, 100]))}
    if draw(st.booleans()):
        share["salt"] = draw(st.sampled_from(["x", "2026", "é: y"]))
    return {"random": share}
