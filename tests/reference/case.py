"""One question to the reference: who is in an audience, given the data, as of an instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from tests.reference.conditions import Condition, Definition, holds
from tests.reference.consents import states_of
from tests.reference.dataset import Dataset, account_traits_of, accounts_known, distinct_events, pairs, traits_of, universe
from tests.reference.subject import Subject
from tests.reference.traits import with_computed


@dataclass(frozen=True)
class Case:
    """Data, audience definitions (the last is the one asked), the project's zone, the instant (aware, UTC).

    `lists` holds the values of the files that `in_file` names, by path.
    """

    dataset: Dataset
    definitions: Sequence[Mapping[str, Any]]
    zone: str
    as_of: datetime
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    scored_at: datetime | None = None
    """The instant as of which `rfm` and SQL traits are taken, where that is not `as_of`: they are not dated."""
    scored_in: Dataset | None = None
    """The data that they are taken of, where that is not `dataset`."""

    @property
    def audiences(self) -> dict[str, Mapping[str, Any]]:
        """The definitions by id."""
        return {definition["audience"]: definition for definition in self.definitions if "audience" in definition}

    @property
    def traits(self) -> dict[str, Mapping[str, Any]]:
        """The computed traits by id."""
        return {definition["trait"]: definition for definition in self.definitions if "trait" in definition}


def evaluate(case: Case) -> set[str]:
    """The ids of the members of the case's last audience: of users or of accounts, as it says."""
    asked = case.definitions[-1]
    definition = Definition(asked["audience"], case.audiences)
    everybody = everybody_of(case)[asked.get("of") == "accounts"]
    return {subject.user_id for subject in everybody if holds(asked["members"], subject, definition)}


def everybody_of(case: Case) -> tuple[list[Subject], list[Subject]]:
    """All users and all accounts of a case, with their computed traits."""
    return linked(case.dataset, case.as_of, case.zone, case.lists, case.traits, case.scored_at, case.scored_in)


def evaluate_all(case: Case) -> dict[str, set[str]]:
    """The members of every audience of the case, by id."""
    return {name: evaluate(replace(case, definitions=_asking(case, name))) for name in case.audiences}


def _asking(case: Case, name: str) -> list[Mapping[str, Any]]:
    others = [definition for definition in case.definitions if definition.get("audience") != name]
    return [*others, case.audiences[name]]


def members(
    condition: Condition,
    dataset: Dataset,
    as_of: datetime,
    zone: str = "UTC",
    audiences: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    name: str = "",
    lists: Mapping[str, Sequence[str]] | None = None,
    traits: Mapping[str, Mapping[str, Any]] | None = None,
) -> set[str]:
    """The users of the universe for whom the condition, written in the audience `name`, is true."""
    definition = Definition(name, audiences or {})
    return {subject.user_id for subject in subjects(dataset, as_of, zone, lists or {}, traits) if holds(condition, subject, definition)}


Lists: TypeAlias = Mapping[str, Sequence[str]]
Traits: TypeAlias = Mapping[str, Mapping[str, Any]] | None


def subjects(dataset: Dataset, as_of: datetime, zone: str, lists: Lists, traits: Traits = None) -> list[Subject]:
    """Everybody in the universe, in order of their ids, with their computed traits. No event after as_of is seen."""
    return linked(dataset, as_of, zone, lists, traits)[0]


def accounts(dataset: Dataset, as_of: datetime, zone: str, lists: Lists, traits: Traits = None) -> list[Subject]:
    """Every account, in order of their ids."""
    return linked(dataset, as_of, zone, lists, traits)[1]


def linked(
    dataset: Dataset,
    as_of: datetime,
    zone: str,
    lists: Lists,
    traits: Traits = None,
    scored_at: datetime | None = None,
    scored_in: Dataset | None = None,
) -> tuple[list[Subject], list[Subject]]:
    """All users and all accounts, each with those that memberships link with it."""
    elsewhere = scored_in is not None or scored_at not in (None, as_of)
    scored = linked(scored_in or dataset, scored_at or as_of, zone, lists, traits) if elsewhere else (None, None)
    users, found = _users(dataset, as_of, zone, lists), _accounts(dataset, as_of, zone, lists)
    _link(dataset, as_of, users, found)
    users, found = with_computed(users, traits or {}, scored[0]), with_computed(found, traits or {}, scored[1])
    for one in (*users, *found):
        one.linked.clear()
    _link(dataset, as_of, users, found)
    return users, found


def _link(dataset: Dataset, as_of: datetime, users: list[Subject], found: list[Subject]) -> None:
    for user_id, account_id in sorted(pairs(dataset, as_of)):
        user = next(one for one in users if one.user_id == user_id)
        account = next(one for one in found if one.user_id == account_id)
        user.linked.append(account)
        account.linked.append(user)


def _accounts(dataset: Dataset, as_of: datetime, zone: str, lists: Mapping[str, Sequence[str]]) -> list[Subject]:
    events = [event for event in distinct_events(dataset) if event.timestamp <= as_of]
    belong = pairs(dataset, as_of)
    return [
        Subject(
            user_id=account_id,
            as_of=as_of,
            zone=ZoneInfo(zone),
            traits=account_traits_of(dataset, account_id, as_of),
            traits_zone=ZoneInfo(dataset.accounts_zone),
            events=[event for event in events if (event.user_id, account_id) in belong],
            lists=lists,
            of="account",
            entities=dataset.entities,
        )
        for account_id in sorted(accounts_known(dataset, as_of))
    ]


def _users(dataset: Dataset, as_of: datetime, zone: str, lists: Mapping[str, Sequence[str]]) -> list[Subject]:
    events = [event for event in distinct_events(dataset) if event.timestamp <= as_of]
    return [
        Subject(
            user_id=user_id,
            as_of=as_of,
            zone=ZoneInfo(zone),
            traits=traits_of(dataset, user_id, as_of),
            traits_zone=ZoneInfo(dataset.profiles_zone),
            events=[event for event in events if event.user_id == user_id],
            lists=lists,
            consents=states_of(dataset.consents, user_id, as_of),
            entities=dataset.entities,
        )
        for user_id in sorted(universe(dataset, as_of))
    ]
