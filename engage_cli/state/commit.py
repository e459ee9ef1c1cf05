"""The one transaction of a run: memberships or values of traits, clocks, files read, the outbox and what is to be published, all or
nothing."""

from collections.abc import Callable, Sequence

from engage_cli.crash import crash_point
from engage_cli.engine.base import Engine
from engage_cli.state.aliases import record_aliases
from engage_cli.state.inputs import record_files
from engage_cli.state.lists import apply_list_changes
from engage_cli.state.membership import Changes, apply_changes
from engage_cli.state.outbox import (
    MemberFile,
    Pending,
    RunFile,
    record_changes,
    record_member_files,
    record_pending,
    record_run_files,
)
from engage_cli.state.runs import Clock, RunPlan, record_clocks, record_run
from engage_cli.state.store import State, next_revision
from engage_cli.state.syncs import Sync, record_syncs
from engage_cli.state.traits import TraitClock, apply_trait_changes, record_trait_clocks


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

    def record() -> None:
        if is_run:
            _record_memberships(state.engine, plan, changes)
            _record(state.engine, plan, syncs, run_files)
        record_member_files(state.engine, member_files)

    commit(state, record, pending)
    return is_run


def commit_traits(
    state: State,
    plan: RunPlan,
    clocks: Sequence[TraitClock],
    *,
    syncs: Sequence[Sync] = (),
    run_files: Sequence[RunFile] = (),
    pending: Sequence[Pending] = (),
) -> None:
    """The same of a run that builds traits: their values by `trait_change`, and where they stand now."""

    def record() -> None:
        record_trait_clocks(state.engine, clocks)
        apply_trait_changes(state.engine, plan.run.number, plan.run.as_of)
        _record(state.engine, plan, syncs, run_files)

    commit(state, record, pending)


def commit(state: State, record: Callable[[], None], pending: Sequence[Pending]) -> None:
    """Do what `record` does to the state in one transaction, with what waits to be published."""
    engine = state.engine
    crash_point("commit")
    with engine.transaction():
        record()
        record_pending(engine, pending)
        next_revision(engine)
        crash_point("before the commit")
    crash_point("committed")


def _record(engine: Engine, plan: RunPlan, syncs: Sequence[Sync], run_files: Sequence[RunFile]) -> None:
    """What every run leaves: its row, what it read, what it told and to whom."""
    run = plan.run
    record_run(engine, run)
    record_files(engine, run.number, plan.files)
    record_syncs(engine, syncs)
    record_changes(engine, run.number)
    record_run_files(engine, run.number, run_files)


def _record_memberships(engine: Engine, plan: RunPlan, changes: Sequence[Changes]) -> None:
    run = plan.run
    counts = {change.audience: change for change in changes}
    clocks = [
        Clock(
            one.audience,
            run.as_of,
            one.definition,
            plan.inputs_of(one),
            run.number,
            counts[one.audience].entered,
            counts[one.audience].exited,
        )
        for one in plan.builds
    ]
    record_clocks(engine, clocks)
    apply_changes(engine, run.number, run.as_of)
    record_aliases(engine, run.number)
    apply_list_changes(engine, run.number)
