"""The one transaction of a tick: positions, transitions, candidates, clocks and editions, all or nothing."""

from collections.abc import Sequence
from datetime import datetime

from engage_cli.engine.base import InputFile
from engage_cli.state.aliases import record_aliases
from engage_cli.state.commit import commit
from engage_cli.state.inputs import record_files
from engage_cli.state.journey_hands import record_pauses
from engage_cli.state.journeys import JourneyClock, KeptVersion, record_clocks, record_doings, record_moves, record_seen, record_versions
from engage_cli.state.lists import apply_list_changes
from engage_cli.state.messages import record_messages
from engage_cli.state.outbox import Pending, RunFile, record_changes, record_run_files
from engage_cli.state.runs import Run, record_run
from engage_cli.state.store import State
from engage_cli.state.syncs import Sync, record_syncs


def commit_tick(
    state: State,
    run: Run,
    files: Sequence[InputFile],
    clocks: Sequence[JourneyClock],
    versions: Sequence[KeptVersion],
    *,
    closed: Sequence[tuple[str, datetime]] = (),
    seen_until: datetime,
    run_files: Sequence[RunFile] = (),
    pending: Sequence[Pending] = (),
    syncs: Sequence[Sync] = (),
) -> None:
    """Make what a tick found (journeys/results.py) history, and what lists are told, and record what of its files waits to be published.

    `closed` are the journeys that nobody entered because their files say so, each with the first instant since its clock before.
    """
    engine = state.engine

    def record() -> None:
        record_run(engine, run)
        record_versions(engine, versions, run.number)
        record_clocks(engine, clocks)
        record_pauses(engine, closed, run.as_of)
        record_moves(engine, run.number)
        record_doings(engine, run.number)
        record_messages(engine, run.number)
        record_seen(engine, run.number, seen_until)
        record_files(engine, run.number, files)
        record_aliases(engine, run.number)
        apply_list_changes(engine, run.number)
        record_syncs(engine, syncs)
        record_changes(engine, run.number)
        record_run_files(engine, run.number, run_files)

    commit(state, record, pending)
