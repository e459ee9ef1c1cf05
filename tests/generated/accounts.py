"""Strategies for accounts: their rows, who belongs to them, and cases of audiences of both kinds with quantifiers among their conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.generated.comparisons import LISTS
from tests.generated.datasets import datasets, traits
from tests.generated.pools import USERS, ZONES, Pool, pools
from tests.generated.scopes import TRAIT_PATHS, Scope, Target, _by_kind, _data, scope_of
from tests.generated.strategies import LEAF_KINDS, Condition, leaves
from tests.generated.traits import trait_definitions, with_traits
from tests.reference.case import Case, linked
from tests.reference.dataset import AccountRow, Dataset, Membership

ACCOUNTS = ["a1", "a2", "007", "7", "u1"]
"""Two of them are the ids of users, too."""
QUANTIFIERS = {"users": ["any_account", "all_accounts", "no_account"], "accounts": ["any_user", "all_users", "no_user"]}
OTHER = {"users": "accounts", "accounts": "users"}
ACCOUNT_PATHS = {**{path: kind for path, kind in TRAIT_PATHS.items() if path != "user_id"}, "account_id": "text"}
ACCOUNT_REFERENCES = _by_kind({path: kind for path, kind in ACCOUNT_PATHS.items() if "[]" not in path}, "trait")


@st.composite
def with_accounts(draw: st.DrawFn, pool: Pool, dataset: Dataset) -> Dataset:
    """The dataset with accounts: some without users, some of which nothing else is known; users of several, and of none."""
    account = st.sampled_from(ACCOUNTS)
    users = sorted({row.user_id for row in dataset.events} | {row.user_id for row in dataset.profiles} | set(USERS[:2]))
    since = st.one_of(st.none(), st.none(), st.sampled_from(pool.instants))
    snapshot = [AccountRow(one, draw(traits(pool))) for one in draw(st.lists(account, min_size=1, max_size=4, unique=True))]
    rows = st.builds(AccountRow, account, traits(pool), st.sampled_from(pool.instants))
    log = draw(st.lists(rows, max_size=3, unique_by=lambda row: (row.account_id, row.timestamp)))
    memberships = draw(st.lists(st.builds(Membership, st.sampled_from(users), account, since), max_size=8))
    known = {user: since for user, since in dataset.known.items() if since is not None}  # the others would be in memberships
    zone = draw(st.sampled_from(["UTC", *ZONES]))
    return replace(dataset, known=known, accounts=[*snapshot, *log], memberships=memberships, accounts_zone=zone)


def account_scope(pool: Pool, dataset: Dataset) -> Scope:
    """The scope of a condition about accounts: traits are theirs, events those of their users."""
    rows = [row.traits for row in dataset.accounts]
    users = scope_of(pool, dataset)
    found = {path: Target(kind, _data(rows, path, dataset.accounts_zone)) for path, kind in ACCOUNT_PATHS.items()}
    ids = replace(users.traits["user_id"], data=[replace(users.traits["user_id"].data[0], value=one) for one in ACCOUNTS])
    return replace(users, traits={**found, "account_id": ids}, references=ACCOUNT_REFERENCES)


@st.composite
def conditions_about(
    draw: st.DrawFn, scopes: Mapping[str, Scope], of: str, audiences: Mapping[str, str], depth: int = 3, kinds: Sequence[str] = LEAF_KINDS
) -> Condition:
    """A condition about users or accounts. `audiences` are those that it may name, each with its kind."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        named = [name for name, kind in audiences.items() if kind == of]
        asked = [kind for kind in kinds if of == "users" or kind != "consent"]  # only users consent
        return draw(leaves(scopes[of], named, draw(st.sampled_from(asked))))
    combination = draw(st.sampled_from([*QUANTIFIERS[of], *QUANTIFIERS[of], "all", "any", "none", "not"]))
    if combination in QUANTIFIERS[of]:
        return {combination: draw(conditions_about(scopes, OTHER[of], audiences, depth - 1, kinds))}
    part = conditions_about(scopes, of, audiences, depth - 1, kinds)
    return {combination: draw(part if combination == "not" else st.lists(part, min_size=1, max_size=3))}


@st.composite
def account_cases(draw: st.DrawFn, number: int = 8) -> Case:
    """A dataset with accounts, and audiences of users and of accounts that name earlier ones, also of the other kind."""
    pool = draw(pools())
    dataset = draw(with_accounts(pool, draw(datasets(pool))))
    scopes = {"users": scope_of(pool, dataset), "accounts": account_scope(pool, dataset)}
    definitions: list[dict[str, Any]] = []
    if draw(st.booleans()):
        users, found = linked(dataset, pool.as_of, pool.zone, LISTS)
        for of, everybody in (("users", users), ("accounts", found)):
            traits = draw(trait_definitions(scopes[of], of))
            scopes[of] = with_traits(scopes[of], traits, everybody)
            definitions += traits
    kinds: dict[str, str] = {}
    for position in range(number):
        name, of = f"asked_{position}", draw(st.sampled_from(["users", "accounts", "accounts"]))
        depth = draw(st.sampled_from([0, 1, 2, 3]))
        members = draw(conditions_about(scopes, of, kinds, depth))
        definitions.append({"audience": name, **({"of": of} if of == "accounts" else {}), "members": members})
        kinds[name] = of
    return Case(dataset, definitions, pool.zone, pool.as_of, LISTS)
