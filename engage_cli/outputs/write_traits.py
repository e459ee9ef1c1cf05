"""From values of traits that changed to published files: what a run that builds traits does after it has found the changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.destinations import Destination, EventsDestination
from engage_cli.definitions.trait import Trait
from engage_cli.engine.base import Engine
from engage_cli.outputs.folder import run_path, write_folder
from engage_cli.outputs.publish import discard
from engage_cli.outputs.trait_calls import stage_trait_changes, trait_file
from engage_cli.outputs.write import publish_committed
from engage_cli.state.commit import commit_traits
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import RunPlan
from engage_cli.state.store import State
from engage_cli.state.syncs import Sync, syncs_of
from engage_cli.state.traits import TraitBehind, TraitChanges, TraitClock, last_trait_changes, make_trait_syncs


class TraitTelling(Struct, frozen=True):
    """What a destination is told of a trait: how many values, and how many it is to forget.

    `of_its_own`: not the changes of this run alone, but what it lacks, or everything once more.
    """

    destination: EventsDestination
    trait: Trait
    values: int
    cleared: int
    of_its_own: bool

    @property
    def file(self) -> RunFile | None:
        """The file for the destination, not written yet; None where there is nothing to tell."""
        return trait_file(self.trait, self.destination, of_its_own=self.of_its_own) if self.values or self.cleared else None


def find_trait_tellings(
    engine: Engine,
    state: State | None,
    changes: Sequence[TraitChanges],
    *,
    traits: Mapping[str, Trait],
    destinations: Mapping[str, Destination],
    full: bool,
) -> tuple[TraitTelling, ...]:
    """Work out what is told to whom of traits that are built in this run; makes `trait_sync`. `find_trait_changes` comes before."""
    known, last = syncs_of(state), last_trait_changes(state)
    pairs = [(one, traits[name]) for change in changes for name in [change.trait] for one in _of_events(traits[name], destinations)]
    behind = []
    for destination, trait in pairs:
        sync = known.get((destination.name, source_of(trait)))
        run = 0 if sync is None else sync.run
        if full or run < last.get(trait.name, 0):
            behind.append(TraitBehind(destination.name, trait.name, trait.of.value, run, full))
    lacking = make_trait_syncs(engine, state, behind)
    apart = {(one.destination, one.trait) for one in behind}
    told = _told(engine)
    tellings = []
    for destination, trait in pairs:
        own = (destination.name, trait.name) in apart
        values, cleared = (lacking.get((destination.name, trait.name)) if own else told.get(trait.name)) or (0, 0)
        tellings.append(TraitTelling(destination, trait, values, cleared, own))
    return tuple(sorted(tellings, key=lambda one: (one.destination.name, one.trait.name)))


def source_of(trait: Trait) -> str:
    """Under which name the state keeps what destinations know of a trait: one that no audience can have."""
    return f"trait:{trait.name}"


def write_trait_run(
    state: State, plan: RunPlan, clocks: Sequence[TraitClock], tellings: Sequence[TraitTelling], outputs: Path
) -> tuple[str, ...]:
    """Write the files of a run, commit it, and publish both; the folder that was written, if there is one, from the outputs folder.

    A failure before the commit leaves state and files as they were. The caller holds the lock.
    """
    planned = sorted((file for one in tellings if (file := one.file) is not None), key=lambda file: file.path)
    run_files: list[RunFile] = []
    pending: list[Pending] = []
    try:
        stage_trait_changes(state.engine, sorted({one.trait.name for one in tellings if not one.of_its_own}))
        if planned:
            run_files, folder = write_folder(state.engine, plan.run, planned, outputs)
            pending.append(folder)
        commit_traits(state, plan, clocks, syncs=_known_after(state, tellings, plan.run.number), run_files=run_files, pending=pending)
    except BaseException:
        discard(outputs, [run_path(plan.run)])
        raise
    publish_committed(state, outputs)
    return (run_path(plan.run),) if run_files else ()


def _of_events(trait: Trait, destinations: Mapping[str, Destination]) -> list[EventsDestination]:
    found = (destinations[name] for name in dict.fromkeys(trait.sync))
    return [one for one in found if isinstance(one, EventsDestination)]


def _told(engine: Engine) -> dict[str, tuple[int, int]]:
    """Of each trait how many values this run changes that somebody is told of, and how many it takes back."""
    rows = engine.rows(
        "SELECT trait, count(value), count(*) FILTER (value IS NULL) FROM trait_change WHERE NOT gone GROUP BY trait ORDER BY trait"
    )
    return {str(trait): (int(values), int(cleared)) for trait, values, cleared in rows}


def _known_after(state: State, tellings: Sequence[TraitTelling], run: int) -> list[Sync]:
    """What is new of what destinations know."""
    known = syncs_of(state)
    found = []
    for one in tellings:
        name, source = one.destination.name, source_of(one.trait)
        if (name, source) not in known or one.file is not None or one.of_its_own:
            found.append(Sync(name, source, run))
    return found
