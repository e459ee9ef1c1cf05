"""`state check` finds what is planted among journeys, and nothing in a sound state."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engage_cli.definitions.journey import JourneyStatus
from engage_cli.service.journey_hand import set_by_hand
from engage_cli.state.check import check_state
from engage_cli.state.journey_invariants import INVARIANTS
from engage_cli.state.store import State
from tests.journeys.shop import first_tick, make_shop, stop_ana
from tests.state.engine import make_engine

AN_OPEN_ONE = "(SELECT min(instance) FROM state.main.instance WHERE ended_at IS NULL)"
PLANTED = {
    "journey-clock": "UPDATE state.main.journey SET as_of = as_of + INTERVAL 1 HOUR WHERE journey = 'both'",
    "journey-edition": "UPDATE state.main.journey_version SET version = 2 WHERE journey = 'both'",
    "journey-hand": "UPDATE state.main.journey_hand SET status = 'asleep'",
    "journey-pause": "INSERT INTO state.main.journey_pause SELECT * FROM state.main.journey_pause",
    "instance-twice": "INSERT INTO state.main.instance SELECT * FROM state.main.instance WHERE ended_at IS NOT NULL",
    "instance-journey": "DELETE FROM state.main.journey_version WHERE journey = 'both'",
    "instance-open-twice": "UPDATE state.main.instance SET key = 'same', user_id = 'ana' WHERE ended_at IS NULL",
    "instance-end": "UPDATE state.main.instance SET end_reason = NULL WHERE ended_at IS NOT NULL",
    "position-missing": f"DELETE FROM state.main.position WHERE instance = {AN_OPEN_ONE}",
    "position-unknown": f"UPDATE state.main.position SET version = 9 WHERE instance = {AN_OPEN_ONE}",
    "position-twice": "UPDATE state.main.position SET token = '' WHERE token = 'sides:late'",
    "position-arrival": "UPDATE state.main.position SET step = 'elsewhere' WHERE journey = 'cart_recovery'",
    "position-times": "UPDATE state.main.position SET waiting_since = arrived_at - INTERVAL 1 HOUR",
    "move-gap": f"UPDATE state.main.transition SET ordinal = ordinal + 1 WHERE instance = {AN_OPEN_ONE}",
    "move-entry": "UPDATE state.main.transition SET moved_at = moved_at - INTERVAL 1 HOUR WHERE cause = 'entry'",
    "move-unknown": "UPDATE state.main.transition SET cause = 'whim' WHERE cause = 'branch'",
    "move-times": "UPDATE state.main.transition SET moved_at = moved_at - INTERVAL 1 DAY WHERE ordinal = 2",
    "move-last": "UPDATE state.main.instance SET ended_at = ended_at + INTERVAL 1 HOUR WHERE ended_at IS NOT NULL",
    "goal": f"INSERT INTO state.main.instance_goal VALUES ({AN_OPEN_ONE}, TIMESTAMP '2001-01-01', 'e', 1)",
    "candidate-twice": "INSERT INTO state.main.candidate SELECT * FROM state.main.candidate",
    "candidate-cause": "DELETE FROM state.main.transition WHERE from_step = 'nudge'",
    "set-cause": f"INSERT INTO state.main.trait_set VALUES ({AN_OPEN_ONE}, 'j', 's', 'ana', 't', '1', TIMESTAMP '2026-11-01', 0, 1)",
    "stay-cause": "UPDATE state.main.list_stay SET remove_at = added_at - INTERVAL 1 DAY",
}
FORK = """
journey: both
status: live
entry: {on: {event: Cart Updated}, since: 2026-11-01}
steps:
  - fork:
      - {name: soon, steps: [{delay: 2 hours, id: short}]}
      - {name: late, steps: [{delay: 3 days, id: long}]}
    id: sides
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which people stand at steps and in a fork, were taken out by hand, and none enter any more."""
    shop = make_shop(tmp_path_factory.mktemp("sound") / "shop")
    (shop / "campaigns/journeys/both.yaml").write_text(FORK)
    first_tick(shop)
    stop_ana(shop)
    set_by_hand(shop, "both", JourneyStatus.PAUSED, as_of=datetime(2026, 11, 1, 14, tzinfo=UTC))
    return shop


@pytest.fixture
def state(sound: Path, tmp_path: Path) -> Iterator[State]:
    shutil.copytree(sound / ".engage", tmp_path / ".engage")
    with make_engine(tmp_path) as engine:
        engine.attach(tmp_path / ".engage/state.duckdb", "state")
        yield State(engine, tmp_path / ".engage/state.duckdb")


def test_a_sound_state_has_no_findings(state: State) -> None:
    assert check_state(state) == []


def test_every_invariant_has_its_planted_breach() -> None:
    assert {invariant.code for invariant in INVARIANTS} == set(PLANTED)


@pytest.mark.parametrize("code", PLANTED)
def test_a_breach_is_found(state: State, code: str) -> None:
    state.engine.execute(PLANTED[code])
    findings = {finding.code: finding for finding in check_state(state)}
    assert code in findings
    assert findings[code].rows >= 1
    assert findings[code].example
