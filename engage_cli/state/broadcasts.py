"""What the state knows of broadcasts: whose recipients were found, by which definition, who waits; and the one transaction of a run."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.engine.base import Engine, InputFile
from engage_cli.state.commit import commit
from engage_cli.state.inputs import record_files
from engage_cli.state.inserting import insert_rows
from engage_cli.state.instants import read, stored
from engage_cli.state.messages import record_messages
from engage_cli.state.outbox import Pending, RunFile, record_changes, record_run_files
from engage_cli.state.runs import Run, record_run
from engage_cli.state.store import State


class BroadcastRow(Struct, frozen=True):
    """A broadcast whose recipients were found as of `frozen_at`, by the text `definition`; `as_of` is its clock, `run` the run that did."""

    broadcast: str
    frozen_at: datetime
    definition: str
    hash: str
    at_once: bool
    as_of: datetime
    winner: str | None
    cancelled_at: datetime | None
    run: int


class WaitingCount(Struct, frozen=True):
    """How many recipients wait: `first` and `last` are the earliest and the latest `send_at` among them, None where that is known of
    nobody; `open` wait for the winner of the test."""

    recipients: int
    first: datetime | None
    last: datetime | None
    open: int


def broadcast_rows(state: State | None) -> dict[str, BroadcastRow]:
    """Every broadcast whose recipients were found, by name."""
    if state is None:
        return {}
    found = {}
    for name, frozen_at, definition, digest, at_once, as_of, winner, cancelled_at, run in state.engine.rows(_ROWS):
        cancelled = None if cancelled_at is None else read(cancelled_at)
        found[name] = BroadcastRow(name, read(frozen_at), definition, digest, at_once, read(as_of), winner, cancelled, run)
    return found


def waiting_counts(state: State | None) -> dict[str, WaitingCount]:
    """By broadcast who waits; only those of which somebody does."""
    if state is None:
        return {}
    return {
        name: WaitingCount(recipients, None if first is None else read(first), None if last is None else read(last), still_open)
        for name, recipients, first, last, still_open in state.engine.rows(_WAITING)
    }


def record_broadcasts(engine: Engine, rows: Sequence[BroadcastRow]) -> None:
    """Keep broadcasts as they stand after a run, inside its transaction."""
    kept = [
        (
            one.broadcast,
            stored(one.frozen_at),
            one.definition,
            one.hash,
            one.at_once,
            stored(one.as_of),
            one.winner,
            None if one.cancelled_at is None else stored(one.cancelled_at),
            one.run,
        )
        for one in rows
    ]
    insert_rows(engine, "INSERT OR REPLACE INTO state.main.broadcast", kept)


def commit_broadcasts(
    state: State,
    run: Run,
    files: Sequence[InputFile],
    rows: Sequence[BroadcastRow],
    *,
    run_files: Sequence[RunFile] = (),
    pending: Sequence[Pending] = (),
) -> None:
    """Make history what a run of broadcasts found and decided (`p_made`, `p_message`), and record what of its files waits to be published.

    Without `files` the run has read none: what is recorded of input files stays as it is.
    """
    engine = state.engine

    def record() -> None:
        record_run(engine, run)
        record_broadcasts(engine, rows)
        engine.execute(_OPEN_NO_MORE)
        record_messages(engine, run.number)
        if files:
            record_files(engine, run.number, files)
        record_changes(engine, run.number)
        record_run_files(engine, run.number, run_files)

    commit(state, record, pending)


_ROWS = """
    SELECT broadcast, frozen_at, definition, hash, at_once, as_of, winner, cancelled_at, run FROM state.main.broadcast ORDER BY broadcast
"""
_WAITING = """
    SELECT campaign, count(*), min(send_at), max(send_at), count(*) FILTER (send_at IS NULL)
    FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
    WHERE campaign_kind = 'broadcast' GROUP BY campaign ORDER BY campaign
"""
# Of a broadcast that is cancelled while its test runs, who waited for the winner is skipped as of the instant that was meant.
_OPEN_NO_MORE = """
    UPDATE state.main.candidate AS c SET send_at = m.send_at
    FROM p_message AS m WHERE m.candidate_id = c.candidate_id AND m.kind = 'broadcast' AND m.reason = 'cancelled' AND c.send_at IS NULL
"""
