"""What the state keeps of broadcasts: sound after every run, breaches found, states of earlier versions brought forward."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engage_cli.errors import UsageError
from engage_cli.state.broadcast_invariants import INVARIANTS
from engage_cli.state.broadcasts import broadcast_rows
from engage_cli.state.check import check_state
from engage_cli.state.migrations import MIGRATIONS
from engage_cli.state.store import State, open_state
from tests.broadcasts.shop import SALE, cancel, candidates, decisions, query, run, send, write_shop
from tests.broadcasts.test_sending import TESTED, files_of, holds_together
from tests.state.engine import make_engine

PLANTED = {
    "broadcast-missing": "DELETE FROM state.main.broadcast",
    "broadcast-twice": "UPDATE state.main.candidate SET user_id = 'ana'",
    "broadcast-clock": "UPDATE state.main.broadcast SET as_of = as_of - INTERVAL 1 DAY",
    "broadcast-open": "UPDATE state.main.broadcast SET winner = 'a'",
    "broadcast-cancelled": "UPDATE state.main.broadcast SET cancelled_at = as_of",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sale whose test is under way."""
    shop = write_shop(tmp_path_factory.mktemp("sound") / "shop", TESTED + "throttle: {at_most: 3, per: 1 hour}\n")
    send(shop, "27T09:00")
    return shop


@pytest.fixture
def state(sound: Path, tmp_path: Path) -> Iterator[State]:
    shutil.copytree(sound / ".engage", tmp_path / ".engage")
    with make_engine(tmp_path) as engine:
        engine.attach(tmp_path / ".engage/state.duckdb", "state")
        yield State(engine, tmp_path / ".engage/state.duckdb")


def test_a_sound_state_has_no_findings_and_every_invariant_a_planted_breach(state: State) -> None:
    assert check_state(state) == []
    assert {invariant.code for invariant in INVARIANTS} == set(PLANTED)


@pytest.mark.parametrize("code", PLANTED)
def test_a_breach_is_found(state: State, code: str) -> None:
    state.engine.execute(PLANTED[code])
    assert code in {finding.code for finding in check_state(state)}


@pytest.mark.parametrize("version", range(1, MIGRATIONS[-1].version))
def test_a_state_of_an_earlier_version_sends_broadcasts(version: int, tmp_path: Path) -> None:
    with make_engine(tmp_path) as engine:
        open_state(engine, tmp_path / "state.duckdb", tool_version="1", migrations=MIGRATIONS[:version]).close()
        state = open_state(engine, tmp_path / "state.duckdb", tool_version="2")
        assert broadcast_rows(state) == {}
        assert [one for one in check_state(state) if one.code != "published"] == []


def test_after_a_cancel_nothing_more_goes(sound: Path, tmp_path: Path) -> None:
    shop = shutil.copytree(sound, tmp_path / "shop")
    sent = {user for user, became in decisions(shop).items() if became == "sent"}
    waiting = {user for (user,) in query(shop, "SELECT user_id FROM waiting")}
    assert cancel(shop, "27T09:30", dry_run=True) == (len(waiting), True)
    assert cancel(shop, "27T09:30") == (len(waiting), True)
    assert cancel(shop, "27T09:40") == (0, False)
    assert {user for user, became in decisions(shop).items() if became == "cancelled"} == waiting
    assert {user for user, became in decisions(shop).items() if became == "sent"} == sent
    assert len(files_of(shop)[1]) == len(waiting) + sum(became not in ("sent", "cancelled") for became in decisions(shop).values())
    assert run(shop, "28T12:00").broadcasts == ()
    holds_together(shop, "28T12:00")
    with make_engine(shop) as engine:
        assert check_state(open_state(engine, shop / ".engage/state.duckdb", tool_version="1")) == []


def test_one_that_is_cancelled_before_its_time_is_never_sent(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    assert cancel(shop, "20T12:00") == (0, True)
    assert run(shop, "27T12:00").idle == (("sale", "cancelled at 2026-11-20T12:00:00Z"),)
    assert candidates(shop) == {}
    with make_engine(shop) as engine:
        assert check_state(open_state(engine, shop / ".engage/state.duckdb", tool_version="1")) == []


def test_what_was_sent_to_everybody_cannot_be_cancelled(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    send(shop, "27T09:00")
    assert cancel(shop, "27T10:00") == (0, False)
    assert set(decisions(shop).values()) == {"sent"}


def test_a_cancel_is_not_before_what_was_sent(sound: Path, tmp_path: Path) -> None:
    shop = shutil.copytree(sound, tmp_path / "shop")
    with pytest.raises(UsageError, match=r"`sale` was sent as of 2026-11-27T09:00:00Z, which is after 2026-11-27T08:00:00Z"):
        cancel(shop, "27T08:00")


def test_people_who_turn_out_to_be_one_get_it_once(tmp_path: Path) -> None:
    """Two users, each with an address of their own; before the second one's turn they are joined, and the address is another."""
    config = (Path(__file__).with_name("joined.yaml")).read_text()
    broadcast = SALE + "throttle: {at_most: 1, per: 1 hour}\n"
    people = [("u1", "one@acme.example", "One", ""), ("u2", "two@acme.example", "Two", "")]
    shop = write_shop(tmp_path / "shop", broadcast, config=config, profiles=people)
    visit = '{"type": "track", "event": "Visited", "messageId": "v1", "userId": "u1", "timestamp": "2026-11-27T08:00:00Z"}\n'
    (shop / "data/calls.jsonl").write_text(visit)
    send(shop, "27T09:00")
    [first] = decisions(shop)
    second = "u2" if first == "u1" else "u1"
    alias = {"type": "alias", "messageId": "a1", "previousId": second, "userId": first, "timestamp": "2026-11-27T09:10:00Z"}
    (shop / "data/calls.jsonl").write_text(visit + json.dumps(alias) + "\n")
    (shop / "data/profiles.csv").write_text(
        f"user_id,email,first_name,timezone\n{first},new@acme.example,New,\n{second},new@acme.example,New,\n"
    )
    send(shop, "27T10:00")
    assert decisions(shop) == {first: "sent", second: "shared_address"}
