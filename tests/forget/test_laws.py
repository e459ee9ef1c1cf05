"""Forgetting a person gives the members of the same shop without their rows, in which their identifiers never were."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from engage_cli.service.forget import forget
from engage_cli.service.keep import check_state
from tests.identity.people import Named, profiles
from tests.identity.shop import AS_OF, BLOCKED, Shop, build, members


def without(shop: Shop, theirs: set[Named]) -> Shop:
    def named(who: tuple[str | None, ...]) -> list[Named]:
        return [(at, value) for at, value in enumerate(who) if value and value not in BLOCKED[at]]

    def cleaned(who: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return tuple(None if (at, value) in theirs else value for at, value in enumerate(who))

    events = [replace(one, who=cleaned(one.who)) for one in shop.events if not (named(one.who) and named(one.who)[0] in theirs)]
    people = [(user, cleaned((user, email))[1], plan) for user, email, plan in shop.people if (0, user) not in theirs]
    consents = [user for user in shop.consents if (0, user) not in theirs]
    accounts = [(user, account) for user, account in shop.accounts if (0, user) not in theirs]
    return Shop(tuple(events), tuple(people), tuple(consents), tuple(accounts))


@pytest.mark.parametrize("seed", range(3))
def test_members_are_those_of_the_shop_without_them(tmp_path, seed):
    limits = [(1, 2, 3), (100, 100, 100), (2, 2, 2)][seed]
    shop = Shop.drawn(seed + 60)
    shop.write(tmp_path / "shop", limits=limits, store=seed != 1)
    build(tmp_path / "shop")
    canonical, _ = profiles(shop.observed(by=AS_OF + timedelta(days=60)), limits, BLOCKED)
    sizes = Counter(profile for profile in canonical.values() if profile[0] == 0)
    person = sizes.most_common(len(sizes) // 2 + 1)[-1][0]  # neither the largest nor alone
    result = forget(tmp_path / "shop", person[1])
    theirs = {one for one, profile in canonical.items() if profile == person}
    names = ("user_id", "email", "anonymous_id")
    assert {(names.index(kind), value) for kind, values in result.identifiers.items() for value in values} == theirs
    without(shop, theirs).write(tmp_path / "fresh", limits=limits)
    for folder in ("shop", "fresh"):
        build(tmp_path / folder, AS_OF + timedelta(hours=1))
    assert members(tmp_path / "shop") == members(tmp_path / "fresh")
    assert check_state(tmp_path / "shop") == ()
