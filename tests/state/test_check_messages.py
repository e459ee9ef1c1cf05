"""`state check` finds what is planted among messages, and nothing in a sound state."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engage_cli.state.check import check_state
from engage_cli.state.message_invariants import INVARIANTS
from engage_cli.state.store import State
from tests.journeys.shop import first_tick, make_shop
from tests.state.engine import make_engine

PLANTED = {
    "message-twice": "INSERT INTO state.main.message SELECT * FROM state.main.message",
    "message-cause": "DELETE FROM state.main.candidate",
    "message-reason": "UPDATE state.main.message SET decision = 'skipped' WHERE reason IS NULL",
    "candidate-decided": "DELETE FROM state.main.message",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = make_shop(tmp_path_factory.mktemp("sound") / "shop")
    first_tick(shop)
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
