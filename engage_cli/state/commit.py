"""The one transaction of a run: memberships, clocks, files read, the outbox and what is to be published, all or nothing."""

from collections.abc import Sequence

from engage_cli.crash import crash_point
from engage_cli.state.aliases import record_aliases
from engage_cli.state.inputs import record_files
from engage_cli.state.lists import apply_list_changes
from engage_cli.state.membership import Changes, apply_changes
from engage_cli.state.outbox import (
    MemberFile,
    Pending,
    RunFile,
    record_changes,
    record_member_file,
    record_pending,
    record_run_files,
)
from engage_cli.state.runs import Clock, RunPlan, record_clock, record_run
from engage_cli.state.store import State, next_revision
from engage_cli.state.syncs import Sync, record_syncs


def commit_run(
    state: State,
    plan: RunPlan,
    changes: Sequence[Changes],
    *,
    syncs: Sequence[Sync] = (),
    run_files: Sequence[RunFile] = (),
    member_files: Sequence[MemberFile] = (),
    pending: Sequence[Pending] = (),
) -> bool:
    """Make a run history, and record what of its files waits to be published; whether there is a new run.

    Files written again where nothing else changed are no run: repeating an instant leaves no trace in history.
    """
    is_run = plan.moves_clocks or bool(syncs) or any(change.entered or change.exited for change in changes)
    if not is_run and not member_files:
        return False
    engine = state.engine
    crash_point("commit")
    with engine.transaction():
        if is_run:
            _record(state, plan, changes, syncs)
            record_run_files(engine, plan.run.number, run_files)
        for file in member_files:
            record_member_file(engine, file)
        record_pending(engine, pending)
        next_revision(engine)
        crash_point("before the commit")
    crash_point("committed")
    return is_run


def _record(state: State, plan: RunPlan, changes: Sequence[Changes], syncs: Sequence[Sync]) -> None:
    engine, run = state.engine, plan.run
    record_run(engine, run)
    counts = {change.audience: change for change in changes}
    for build in plan.builds:
        change = counts[build.audience]
        record_clock(
            engine,
            Clock(build.audience, run.as_of, build.definition, plan.inputs_of(build), run.number, change.entered, change.exited),
        )
    record_files(engine, run.number, plan.files)
    apply_changes(engine, run.number, run.as_of)
    record_aliases(engine, run.number)
    apply_list_changes(engine, run.number)
    record_syncs(engine, syncs)
    record_changes(engine, run.number)
