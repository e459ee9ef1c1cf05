"""`trait build`: compute traits, keep their values with the instant from which they hold, and tell destinations what changed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from sqlglot import exp

from engage_cli import __version__
from engage_cli.definitions.paths import path_of
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine, InputFile
from engage_cli.errors import UsageError
from engage_cli.outputs.rejects import write_rejects
from engage_cli.outputs.write_traits import TraitTelling, find_trait_tellings, write_trait_run
from engage_cli.plan.needs import Reading
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.imported import sources_with_imported
from engage_cli.service.meaning import trait_hash
from engage_cli.service.progress import Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.results.traits import TraitBuildResult, TraitBuilt, TraitSync
from engage_cli.service.running import Opened, run_locked
from engage_cli.service.traits import known_traits, plan_traits
from engage_cli.service.workspace import Staged, engine_for, load, needs_of_all, report_of, stage, writable_folders
from engage_cli.sql.literals import column
from engage_cli.sql.scope import USERS
from engage_cli.state.inputs import vanished_files
from engage_cli.state.runs import Build, RunPlan, plan_run
from engage_cli.state.store import State, open_published
from engage_cli.state.traits import TraitChanges, TraitClock, find_trait_changes, trait_clocks, value_column

COMMAND = "trait build"


class _Request(Struct, frozen=True):
    """One build of traits."""

    project: Project
    folder: Path
    names: tuple[str, ...]
    as_of: datetime
    dry_run: bool
    strict: bool
    full: bool
    progress: Progress

    @property
    def command(self) -> str:
        """The command, as the run's row has it."""
        return f"{COMMAND} --full" if self.full else COMMAND

    @property
    def outputs(self) -> Path:
        return self.folder / self.project.config.outputs


def build_traits(
    folder: Path,
    names: Sequence[str],
    *,
    as_of: datetime | None,
    dry_run: bool = False,
    strict: bool = False,
    wait: float = 30.0,
    full: bool = False,
    locked: bool = False,
    progress: Progress,
) -> TraitBuildResult:
    """Build traits of users and accounts, all where none is named, as of an instant (None: now).

    `full`: destinations are told every value once more. `locked`: the caller holds the lock. Raises InvalidError for definitions, DataError
    for data that cannot be read, LockedError where another run goes on, UsageError for an unknown name or an instant before a trait's last
    one. A dry run computes the same and writes nothing.
    """
    project = load(folder)
    asked = known_traits(project, names)
    request = _Request(project, folder, asked, resolve_as_of(as_of, project.config.timezone), dry_run, strict, full, progress)
    if dry_run:
        with engine_for(project, folder) as engine:
            return _build(request, engine, open_published(engine, folder / project.config.state))

    def work(opened: Opened) -> TraitBuildResult:
        return _build(request, opened.engine, opened.state, opened)

    return run_locked(project, folder, request.command, wait, work, locked=locked)


def _build(request: _Request, engine: Engine, state: State | None, opened: Opened | None = None) -> TraitBuildResult:
    config = request.project.config
    plan = plan_traits(request.project, request.names, request.as_of)
    with request.progress.stage("looking for input files"):
        files = engine.input_files(config.sources, plan.needs.lists)
    vanished = vanished_files(state, sources_with_imported(config), files)
    if not request.dry_run:
        engine.keep_files(config.sources)
    clocks = trait_clocks(state)
    _refuse_other_kind(request, clocks)
    run_plan = _plan_run(request, state, clocks, files)
    if not run_plan.builds:
        data = report_of(_stage(request, engine, request.names).staging) if request.strict else DataReport(files=files)
        return _result(request, None, _built(request, (), run_plan, state), (), (), data, opened)
    staged = _stage(request, engine, run_plan.audiences)
    rejects = None if request.dry_run else write_rejects(engine, staged.staging.rejects, request.outputs)
    with request.progress.stage("computing traits"):
        for of in Subject:
            _make_values(staged, run_plan.audiences, of)
    with request.progress.stage("comparing with the values before"):
        changes = find_trait_changes(engine, state, {name: request.project.traits[name].of.value for name in run_plan.audiences})
        tellings = find_trait_tellings(
            engine, state, changes, traits=request.project.traits, destinations=config.destinations, full=request.full
        )
    left = opened.left if opened is not None else ()
    report = report_of(staged.staging, rejects_file=rejects, vanished=vanished, left=left)
    built = _built(request, changes, run_plan, state)
    if request.dry_run:
        return _result(request, None, built, tellings, (), report, opened)
    assert state is not None
    with request.progress.stage("writing"):
        written = write_trait_run(state, run_plan, _clocks_after(request, run_plan, changes, clocks), tellings, request.outputs)
    paths = tuple(Path(config.outputs) / path for path in written)
    return _result(request, run_plan.run.name, built, tellings, paths, report, opened)


def _refuse_other_kind(request: _Request, clocks: dict[str, TraitClock]) -> None:
    """Raise UsageError for a trait that was of the other kind of subject: its values cannot be told from those it would have."""
    for name in request.names:
        of = request.project.traits[name].of
        if name in clocks and clocks[name].of != of.value:
            raise UsageError(
                f"`{name}` was built as a trait of {of.other.value}, and is now one of {of.value}",
                hint=f"give the trait of {of.value} a name of its own",
            )


def _plan_run(request: _Request, state: State | None, clocks: dict[str, TraitClock], files: tuple[InputFile, ...]) -> RunPlan:
    builds = []
    for name in request.names:
        alone = plan_traits(request.project, [name], request.as_of)
        lists = tuple(sorted({need.path for need in alone.needs.lists}))
        builds.append(Build(name, trait_hash(request.project, name, alone), lists))
    return plan_run(
        state,
        command=request.command,
        as_of=request.as_of,
        tool_version=__version__,
        builds=builds,
        files=files,
        again=request.full,
        dry_run=request.dry_run,
        clocks={name: clock.as_clock for name, clock in clocks.items()},
        what="a trait",
    )


def _stage(request: _Request, engine: Engine, names: Sequence[str]) -> Staged:
    project = request.project
    return stage(
        project,
        request.folder,
        engine,
        plan_traits(project, names, request.as_of),
        strict=request.strict,
        progress=request.progress,
        writable=writable_folders(project, request.folder),
        keep=None if request.dry_run else needs_of_all(project, request.as_of),
    )


def _make_values(staged: Staged, names: Sequence[str], of: Subject) -> None:
    """Make `trait_now_users` (`trait_now_accounts`): everybody's ids, and as JSON the values of those traits that are of that kind."""
    asked = [name for name in names if staged.project.traits[name].of is of]
    if not asked:
        return
    scope = staged.compiled.scope(of)
    columns = [exp.alias_(column("user_id", USERS), "subject_id")]
    for name in asked:
        value = scope.trait(path_of(name)).read(Reading.VALUE)
        columns.append(exp.alias_(exp.cast(value, "TEXT"), value_column(name)))
    query = exp.select(*columns).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
    scope.used.discard(USERS)
    staged.engine.create(
        f"trait_now_{of.value}", staged.compiled.join_values(query, scope, column("user_key", USERS), of=of), of_everybody=True
    )


def _clocks_after(request: _Request, run_plan: RunPlan, changes: Sequence[TraitChanges], clocks: dict[str, TraitClock]) -> list[TraitClock]:
    """Where the traits of a run stand after it."""
    counts = {change.trait: change.changed for change in changes}
    found = []
    for build in run_plan.builds:
        name, before = build.audience, clocks.get(build.audience)
        clock = TraitClock(
            trait=name,
            of=request.project.traits[name].of.value,
            first_as_of=request.as_of if before is None else before.first_as_of,
            as_of=request.as_of,
            definition=build.definition,
            inputs=run_plan.inputs_of(build),
            run=run_plan.run.number,
            changed=counts[name],
        )
        found.append(clock)
    return found


def _built(request: _Request, changes: Sequence[TraitChanges], run_plan: RunPlan, state: State | None) -> tuple[TraitBuilt, ...]:
    """What became of every trait asked for, in name order; those that had nothing to do keep their values."""
    traits = request.project.traits
    found = [TraitBuilt(one.trait, traits[one.trait].of.value, one.values, one.changed, one.cleared) for one in changes]
    if run_plan.unchanged:
        assert state is not None
        rows = state.engine.rows("SELECT trait, count(*) FROM state.main.trait_value WHERE until IS NULL GROUP BY trait")
        values = {str(trait): int(count) for trait, count in rows}
        found += [TraitBuilt(name, traits[name].of.value, values.get(name, 0), 0, 0, unchanged=True) for name in run_plan.unchanged]
    return tuple(sorted(found, key=lambda one: one.name))


def _result(
    request: _Request,
    run: str | None,
    traits: tuple[TraitBuilt, ...],
    tellings: Sequence[TraitTelling],
    written: tuple[Path, ...],
    data: DataReport,
    opened: Opened | None,
) -> TraitBuildResult:
    return TraitBuildResult(
        as_of=request.as_of,
        dry_run=request.dry_run,
        run=run,
        traits=traits,
        syncs=tuple(
            TraitSync(one.destination.name, one.trait.name, one.values, one.cleared, whole=one.of_its_own)
            for one in tellings
            if one.values or one.cleared
        ),
        written=written,
        data=data,
        full=request.full,
        recovered=opened.recovered if opened is not None else (),
    )
