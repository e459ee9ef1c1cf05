"""A scratch state that knows what journeys and traits a simulation reads, and takes in what its tick found. It lives in memory."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.state.instants import read
from engage_cli.state.journeys import JourneyClock, KeptVersion, record_clocks, record_doings, record_moves, record_versions
from engage_cli.state.messages import record_candidates
from engage_cli.state.migrations import MIGRATIONS, version_of
from engage_cli.state.runs import Run, record_run
from engage_cli.state.store import State, is_database, published_path, scratch_state


class SendCount(Struct, frozen=True):
    """How many messages were scheduled by a channel in a quarter of an hour, which begins at `since`."""

    channel: str
    since: datetime
    messages: int


def scratch_beside(engine: Engine, path: Path, journeys: Sequence[str], traits: Sequence[str], *, tool_version: str) -> State:
    """A scratch state with what the published copy of the state at `path`, if there is one, knows of some journeys and recorded traits.

    Raises EngageError for a copy of another schema version.
    """
    copy = published_path(path)
    state = scratch_state(engine, tool_version=tool_version)
    if not copy.exists() or not is_database(copy):
        return state
    engine.attach(copy, "published", read_only=True)
    try:
        if version_of(engine, "published") != MIGRATIONS[-1].version:
            raise EngageError(f"{copy} is of another schema version", hint="run `engage run` once: it brings the state forward")
        for statement in _OF_JOURNEYS:
            engine.execute(statement, [list(journeys)])
        for statement in _OF_TRAITS:
            engine.execute(statement, [list(traits)])
        engine.execute("INSERT INTO state.main.alias SELECT * FROM published.main.alias")
    finally:
        engine.detach("published")
    return state


def take_in(state: State, run: Run, clocks: Sequence[JourneyClock], versions: Sequence[KeptVersion]) -> None:
    """Make what a tick found the history of a scratch state: its moves, and the candidates in `p_made`, about which nobody decides."""
    engine = state.engine
    with engine.transaction():
        record_run(engine, run)
        record_versions(engine, versions, run.number)
        record_clocks(engine, clocks)
        record_moves(engine, run.number)
        record_doings(engine, run.number)
        record_candidates(engine, run.number)


def send_counts(state: State, journey: str) -> list[SendCount]:
    """When a journey's messages were scheduled, in the order of time and channel."""
    return [SendCount(channel, read(since), int(count)) for channel, since, count in state.engine.rows(_SENDS, [journey])]


def people_of(state: State, journey: str, limit: int) -> list[str]:
    """Some of those who entered a journey, always the same ones: the first by the hash of their id."""
    return [str(row[0]) for row in state.engine.rows(_PEOPLE, [journey, limit])]


_OF_JOURNEYS = (
    "INSERT INTO state.main.instance SELECT * FROM published.main.instance WHERE list_contains(CAST(? AS VARCHAR[]), journey)",
    "INSERT INTO state.main.trait_set SELECT * FROM published.main.trait_set WHERE list_contains(CAST(? AS VARCHAR[]), journey)",
    "INSERT INTO state.main.candidate SELECT * FROM published.main.candidate WHERE list_contains(CAST(? AS VARCHAR[]), campaign)",
)
_OF_TRAITS = (
    "INSERT INTO state.main.trait_clock SELECT * FROM published.main.trait_clock WHERE list_contains(CAST(? AS VARCHAR[]), trait)",
    "INSERT INTO state.main.trait_value SELECT * FROM published.main.trait_value WHERE list_contains(CAST(? AS VARCHAR[]), trait)",
)
_SENDS = """
    SELECT channel, time_bucket(INTERVAL 15 MINUTE, scheduled_at) AS since, count(*) FROM state.main.candidate
    WHERE campaign_kind = 'journey' AND campaign = ? GROUP BY ALL ORDER BY since, channel
"""
_PEOPLE = "SELECT user_id FROM state.main.instance WHERE journey = ? GROUP BY user_id ORDER BY md5(user_id), user_id LIMIT ?"
