"""Merges over many runs: whatever came to light when, each person is told to enter and to exit in turn, and never twice."""

import json
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest

from engage_cli import __version__
from engage_cli.state.check import check_state
from engage_cli.state.store import open_state
from tests.identity.people import Named, profiles
from tests.identity.shop import AS_OF, BLOCKED, Shop, build, members
from tests.state.engine import make_engine

AUDIENCES = {
    "anybody": '{event: "*"}',
    "lately": "{event: Viewed, within: 6 days}",
    "quiet": "{event: Bought, never: true}",
}
OPEN = "SELECT audience, user_id FROM state.main.membership WHERE exited_at IS NULL ORDER BY ALL"
RUNS = 5


def open_stays(folder: Path) -> dict[str, list[str]]:
    found = defaultdict(list)
    with make_engine(folder) as engine:
        opened = open_state(engine, folder / ".engage/state.duckdb", tool_version=__version__)
        assert check_state(opened) == []
        for audience, user in engine.rows(OPEN):
            found[audience].append(user)
    return found


def told(folder: Path, before: set[Path]) -> list[tuple[str, str, str]]:
    """(audience, event, user) of the changes of the run whose folder is new."""
    new = sorted(path for path in (folder / "out/runs").glob("*/audiences/*.jsonl") if path not in before)
    before.update(new)
    rows = [json.loads(line) for path in new for line in path.read_text().splitlines()]
    return [(row["properties"]["audience_key"], row["event"], row["userId"]) for row in rows]


def profile_of(canonical: dict[Named, Named], user: str) -> Named:
    """Whose the id of a member is: a user's id goes before other identifiers."""
    names = ["user_id", "email", "anonymous_id"]
    for at, name in enumerate(names):
        plain = user.removeprefix(f"{name}:") if at else user
        if (at, plain) in canonical:
            return canonical[at, plain]
    raise AssertionError(user)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("limits", [(1, 2, 3), (100, 100, 100)], ids=str)
def test_everybody_is_told_in_turn_and_the_open_stays_are_the_members(tmp_path, seed, limits):
    shop = Shop.drawn(seed + 300)
    shop.write(tmp_path, limits=limits, parts=[[]])
    text = "---\n".join(f"audience: {name}\nanonymous: include\nmembers: {one}\n" for name, one in AUDIENCES.items())
    (tmp_path / "campaigns/audiences/a.yaml").write_text(text)
    seen: set[Path] = set()
    inside: set[tuple[str, str]] = set()
    renamed = 0
    for run in range(RUNS):
        came = [event for event in shop.events if event.id % RUNS <= run]
        shop_now = Shop(tuple(came), shop.people, shop.consents, shop.accounts)
        (tmp_path / f"events/{run}.jsonl").write_text("".join(event.line + "\n" for event in shop.events if event.id % RUNS == run))
        as_of = AS_OF + timedelta(days=run)
        build(tmp_path, as_of)
        canonical, _ = profiles(shop_now.observed(by=as_of), limits, BLOCKED)
        had = {(audience, profile_of(canonical, user)) for audience, user in inside}
        for audience, event, user in told(tmp_path, seen):
            if event == "Audience Entered":
                assert (audience, user) not in inside
                assert (audience, profile_of(canonical, user)) not in had
                inside.add((audience, user))
            else:
                inside.remove((audience, user))
        stays, now = open_stays(tmp_path), members(tmp_path)
        assert {(audience, user) for audience, users in stays.items() for user in users} == inside
        for audience, users in now.items():
            # A stay is of one member, and each member has one.
            assert sorted(str(profile_of(canonical, user)) for user in stays[audience]) == sorted(
                str(profile_of(canonical, user)) for user in users
            )
            renamed += len(set(stays[audience]) - set(users))
    assert renamed
