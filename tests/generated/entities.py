"""Strategies for entities: a few linked tables, and conditions that follow their links up to six levels deep."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.generated.accounts import ACCOUNTS, OTHER, QUANTIFIERS, account_scope, with_accounts
from tests.generated.comparisons import LISTS, amount_tests, instant_tests, whole_number_tests
from tests.generated.datasets import datasets, properties
from tests.generated.events import ANY_PROPERTIES, NUMBER_PROPERTIES, counts
from tests.generated.pools import USERS, ZONES, Pool, pools
from tests.generated.scopes import PROPERTY_PATHS, Scope, Target, _data, scope_of
from tests.generated.strategies import Condition, leaves
from tests.generated.wheres import simple_wheres, wheres
from tests.reference.case import Case
from tests.reference.dataset import Dataset, Entity

LINKS = {
    "orders": {"user": "buyer", "account": "company"},
    "items": {"orders": "order", "products": "product"},
    "products": {},
    "notes": {"user": "author", "items": "item"},
}
"""Tables that link to each other: of an order many items, of an item one product, and of that again many items."""
KEYS = {"orders": "number", "items": "id", "products": "sku", "notes": "id"}
IDS = ["1", "2", "007", "7", "é", "a b"]
MAX_LEVELS = 6


def neighbours(name: str) -> list[str]:
    """The entities whose rows are linked with those of this one, whichever of the two says so."""
    return [other for other in LINKS if name in LINKS[other] or other in LINKS[name]]


@st.composite
def entities(draw: st.DrawFn, pool: Pool, dataset: Dataset) -> dict[str, Entity]:
    """The tables, with rows that lead to nobody and to nothing among them, and ids that are numbers in some formats."""
    users = sorted({row.user_id for row in dataset.events} | {row.user_id for row in dataset.profiles} | set(USERS[:2]))
    targets = {"user": [*users, "nobody", None], "account": [*ACCOUNTS, "nothing", ""]}
    found = {}
    for name, links in LINKS.items():
        keys = draw(st.lists(st.sampled_from(IDS), min_size=1 if name == "products" else 2, max_size=5, unique=True))
        rows = []
        for key in [*keys, *([None] if draw(st.integers(0, 3)) == 0 else [])]:
            linked = {column: draw(st.sampled_from(targets.get(target, [*IDS[:4], IDS[0], None]))) for target, column in links.items()}
            rows.append({KEYS[name]: key, **linked, **draw(properties(pool))})
        found[name] = Entity(KEYS[name], rows, links, draw(st.sampled_from(["UTC", *ZONES])))
    return found


def row_scope(scope: Scope, entity: Entity) -> Scope:
    """The scope of a `where` of an entity: its columns, and the subject's traits to compare them with."""
    targets = {path: Target(kind, _data(entity.rows, path, entity.zone)) for path, kind in PROPERTY_PATHS.items()}
    return replace(scope, properties=targets)


@st.composite
def entity_conditions(
    draw: st.DrawFn, scope: Scope, tables: dict[str, Entity], names: Sequence[str], levels: int = MAX_LEVELS
) -> dict[str, Any]:
    """`entity: orders` of one of the names, with whatever may stand beside it; at most so many levels deep."""
    name = draw(st.sampled_from(list(names)))
    inner = row_scope(scope, tables[name])
    condition: dict[str, Any] = {"entity": name}
    if draw(st.integers(0, 2)) == 0:
        condition["where"] = draw(st.one_of(simple_wheres(inner), wheres(inner)))
    if levels > 1 and draw(st.integers(0, 4)):
        condition["has"] = draw(row_conditions(scope, tables, neighbours(name), levels - 1))
    return condition | draw(row_measures(inner))


@st.composite
def row_conditions(
    draw: st.DrawFn, scope: Scope, tables: dict[str, Entity], names: Sequence[str], levels: int, depth: int = 1
) -> dict[str, Any]:
    """What stands under `has`: one condition for the most part, or a group of them."""
    one = entity_conditions(scope, tables, names, levels)
    if depth == 0 or draw(st.integers(0, 2)):
        return draw(one)
    part = row_conditions(scope, tables, names, min(levels, 2), depth - 1)
    combination = draw(st.sampled_from(["all", "any", "none", "not"]))
    return {combination: draw(part if combination == "not" else st.lists(part, min_size=1, max_size=2))}


@st.composite
def row_measures(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """What is asked of the matching rows; for the most part nothing but that there is one."""
    match draw(st.sampled_from(["none", "none", "none", "count", "sum", "avg", "extreme", "instants", "unique"])):
        case "count":
            return {"count": draw(counts())}
        case "sum" | "avg" as name:
            return {name: {"property": draw(st.sampled_from(NUMBER_PROPERTIES)), **draw(amount_tests())}}
        case "extreme":
            return {draw(st.sampled_from(["min", "max"])): {"property": draw(st.sampled_from(NUMBER_PROPERTIES)), **draw(amount_tests())}}
        case "instants":
            return {draw(st.sampled_from(["min", "max"])): {"property": "seen", **draw(instant_tests(scope, scope.properties["seen"]))}}
        case "unique":
            return {"unique": {"property": draw(st.sampled_from(ANY_PROPERTIES)), **draw(whole_number_tests())}}
    return {}


@st.composite
def conditions_with_rows(
    draw: st.DrawFn, scopes: dict[str, Scope], tables: dict[str, Entity], of: str, named: dict[str, str], depth: int = 2
) -> Condition:
    """A condition about users or accounts, mostly on linked rows. `named` are the audiences that it may name, each with its kind."""
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        if draw(st.integers(0, 4)) == 0:
            kind = draw(st.sampled_from(["trait", "audience"]))
            return draw(leaves(scopes[of], [name for name, other in named.items() if other == of], kind))
        linked = [name for name, links in LINKS.items() if of.removesuffix("s") in links]
        return draw(entity_conditions(scopes[of], tables, linked))
    combination = draw(st.sampled_from(["all", "any", "none", "not", *QUANTIFIERS[of]]))
    if combination in QUANTIFIERS[of]:
        return {combination: draw(conditions_with_rows(scopes, tables, OTHER[of], named, depth - 1))}
    part = conditions_with_rows(scopes, tables, of, named, depth - 1)
    return {combination: draw(part if combination == "not" else st.lists(part, min_size=1, max_size=2))}


@st.composite
def entity_cases(draw: st.DrawFn, number: int = 8) -> Case:
    """A dataset with accounts and entities, and audiences of users and of accounts that ask for linked rows."""
    pool = draw(pools())
    dataset = draw(with_accounts(pool, draw(datasets(pool))))
    tables = draw(entities(pool, dataset))
    dataset = replace(dataset, entities=tables)
    scopes = {"users": scope_of(pool, dataset), "accounts": account_scope(pool, dataset)}
    definitions: list[dict[str, Any]] = []
    kinds: dict[str, str] = {}
    for position in range(number):
        name, of = f"asked_{position}", draw(st.sampled_from(["users", "users", "accounts"]))
        members = draw(conditions_with_rows(scopes, tables, of, kinds, draw(st.sampled_from([0, 0, 1, 2]))))
        definitions.append({"audience": name, **({"of": of} if of == "accounts" else {}), "members": members})
        kinds[name] = of
    return Case(dataset, definitions, pool.zone, pool.as_of, LISTS)
