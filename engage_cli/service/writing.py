"""Writing a run's folder and committing the run: both or neither, and what a kill leaves is finished or removed by the next run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engage_cli.definitions.destinations import Destination
from engage_cli.outputs.folder import run_path
from engage_cli.outputs.publish import discard, publish
from engage_cli.outputs.syncs import NOTHING, Syncs
from engage_cli.outputs.ticks import stage_events, stage_told, write_told
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import Run
from engage_cli.state.store import State


def write_and_commit(
    state: State,
    run: Run,
    commit: Callable[[Sequence[RunFile], Sequence[Pending]], None],
    destinations: Mapping[str, Destination],
    outputs: Path,
    *,
    syncs: Syncs = NOTHING,
    file_format: str | None = None,
    with_events: bool = False,
) -> Sequence[RunFile]:
    """Write the folder of what was decided (`p_told`), let `commit` make the run history, and give the folder its name; its files.

    `with_events`: also what journeys tell destinations of events.
    """
    engine = state.engine
    try:
        stage_told(engine, syncs)
        if with_events:
            stage_events(engine)
        files, pending = write_told(engine, run, destinations, outputs, syncs=syncs, file_format=file_format or "jsonl")
        commit(files, pending)
    except BaseException:
        discard(outputs, [run_path(run)])
        raise
    publish(state, outputs)
    return files
