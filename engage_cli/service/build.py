"""`audience build`: evaluate audiences, find who entered and exited, commit, and write the files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time

from msgspec import Struct, field
from sqlglot import exp

from engage_cli import __version__
from engage_cli.definitions.destinations import Call
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Cost, Engine, InputFile
from engage_cli.errors import UsageError
from engage_cli.outputs.calls import call_about
from engage_cli.outputs.columns import ACCOUNT_TRAITS
from engage_cli.outputs.columns import TRAITS as MEMBER_TRAITS
from engage_cli.outputs.members import unwritten_audiences
from engage_cli.outputs.rejects import write_rejects
from engage_cli.outputs.syncs import NOTHING, Asked, Syncs, find_syncs
from engage_cli.outputs.write import write_run
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.needs import Reading
from engage_cli.plan.predicates import Plan
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.evaluate import evaluate, revisit
from engage_cli.service.imported import sources_with_imported
from engage_cli.service.ledgers import ledger_edition
from engage_cli.service.list_traits import make_list_traits
from engage_cli.service.meaning import definition_hash
from engage_cli.service.progress import Progress
from engage_cli.service.results.audiences import AudienceChange, BuildResult
from engage_cli.service.results.common import DataReport, Looked, Timing
from engage_cli.service.running import Opened, run_locked
from engage_cli.service.sync_changes import sync_change
from engage_cli.service.workspace import chosen, engine_for, load, needs_of_all, report_of, stage, with_tables, writable_folders
from engage_cli.sql.compile import Compiled
from engage_cli.sql.literals import column
from engage_cli.sql.scope import USERS
from engage_cli.state.hashes import digest
from engage_cli.state.inputs import vanished_files
from engage_cli.state.membership import Changes, Comings, Partly, find_changes, make_rows, sample_changes
from engage_cli.state.outbox import calls_of_audiences
from engage_cli.state.runs import Build, RunPlan, plan_run
from engage_cli.state.store import State, open_published
from engage_cli.state.syncs import syncs_of

COMMAND = "audience build"
FORMATS = ("parquet", "csv", "jsonl")


class _Request(Struct):
    """One build, from its start to its end."""

    project: Project
    folder: Path
    names: tuple[str, ...]
    as_of: datetime
    file_format: str
    dry_run: bool
    strict: bool
    verbose: bool
    progress: Progress
    asked: Asked
    samples: int = 0
    sampled: Mapping[str, Comings] = field(default_factory=dict)
    timings: list[Timing] = field(default_factory=list)
    left: tuple[str, ...] = ()
    unwritten: frozenset[str] = frozenset()
    looked: Looked | None = None
    costs: tuple[Cost, ...] = ()
    sql: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """A stage that is shown while it runs, and timed."""
        begun, cpu = perf_counter(), process_time()
        with self.progress.stage(title):
            yield
        self.timings.append(Timing(title, perf_counter() - begun, process_time() - cpu))

    @property
    def command(self) -> str:
        """The command, as the run's row has it."""
        return f"{COMMAND} --full" if self.asked.full else COMMAND

    @property
    def state_path(self) -> Path:
        return self.folder / self.project.config.state

    @property
    def outputs(self) -> Path:
        return self.folder / self.project.config.outputs


def build_audiences(
    folder: Path,
    names: Sequence[str],
    *,
    as_of: datetime | None,
    file_format: str | None = None,
    dry_run: bool = False,
    strict: bool = False,
    wait: float = 30.0,
    verbose: bool = False,
    full: bool = False,
    allow_change: bool = False,
    samples: int = 0,
    locked: bool = False,
    progress: Progress,
) -> BuildResult:
    """Build audiences, all where none is named, as of an instant (None: now).

    `full`: destinations are told everything again. `allow_change`: what `guard` would hold back goes out, too. `samples`: so many of those
    who come and go are named in the result. `locked`: the caller holds the lock.

    Raises InvalidError for definitions, DataError for data that cannot be read, LockedError where another run goes on, UsageError
    for an unknown name or an instant before the last one. A dry run computes the same and writes nothing.
    """
    project = load(folder)
    chosen_format = file_format or "parquet"
    if chosen_format not in FORMATS:
        raise UsageError(f"`{chosen_format}` is no format", hint=f"give --format {', '.join(FORMATS)}")
    request = _Request(
        project=project,
        folder=folder,
        names=chosen(project, names),
        as_of=resolve_as_of(as_of, project.config.timezone),
        file_format=chosen_format,
        dry_run=dry_run,
        strict=strict,
        verbose=verbose,
        progress=progress,
        asked=Asked(full, allow_change),
        samples=samples,
    )
    if dry_run:
        with engine_for(project, folder) as engine:
            return _build(request, engine, open_published(engine, request.state_path), ())

    def work(opened: Opened) -> BuildResult:
        request.left = opened.left
        request.timings.clear()
        return _build(request, opened.engine, opened.state, opened.recovered)

    return run_locked(project, folder, request.command, wait, work, locked=locked)


def _build(request: _Request, engine: Engine, state: State | None, recovered: tuple[str, ...]) -> BuildResult:
    project, config = request.project, request.project.config
    plan = plan_audiences(project, request.names, request.as_of, config.timezone)
    plan = with_tables(plan, config.sources)
    with request.stage("looking for input files"):
        files = engine.input_files(config.sources, plan.needs.lists)
    vanished = vanished_files(state, sources_with_imported(config), files)
    if not request.dry_run:
        engine.keep_files(config.sources)
    _refuse_other_kind(state, project, request.names)
    run_plan = _plan_run(request, state, plan, files)
    if not run_plan.builds:
        data = DataReport(files=files)
        if request.strict:
            staged = stage(project, request.folder, engine, plan, strict=True, progress=request.progress)
            data = report_of(staged.staging, vanished=vanished, left=request.left)
        return _result(request, None, _audience_changes(run_plan, (), state), (), data, recovered)
    return _evaluate(request, engine, state, run_plan, vanished, recovered)


def _refuse_other_kind(state: State | None, project: Project, names: Sequence[str]) -> None:
    """Raise UsageError for an audience that had members of the other kind: they cannot be told from those it would have."""
    calls = calls_of_audiences(state.engine) if state is not None else {}
    for name in names:
        of = project.audiences[name].of
        if name in calls and calls[name] != call_about(of, Call.TRACK):
            raise UsageError(
                f"`{name}` was built as an audience of {of.other.value}, and is now one of {of.value}",
                hint=f"give the audience of {of.value} a name of its own",
            )


def _plan_run(request: _Request, state: State | None, plan: Plan, files: tuple[InputFile, ...]) -> RunPlan:
    request.unwritten = frozenset() if request.dry_run else unwritten_audiences(state, request.outputs, request.names, request.file_format)
    builds = [
        Build(one.asked[0], _definition(request.project, state, one), tuple(sorted({need.path for need in one.needs.lists})))
        for one in (plan_audiences(request.project, [name], request.as_of, request.project.config.timezone) for name in request.names)
    ]
    return plan_run(
        state,
        command=request.command,
        as_of=request.as_of,
        tool_version=__version__,
        builds=builds,
        files=files,
        unwritten=request.unwritten,
        held=_held(state, request),
        again=request.asked.full,
        dry_run=request.dry_run,
    )


def _definition(project: Project, state: State | None, plan: Plan) -> str:
    """A hash of all that an audience rests on but the data: its meaning, and what the state says that it asks for."""
    edition = ledger_edition(state, plan)
    return digest(definition_hash(project, plan), edition) if edition else definition_hash(project, plan)


def _held(state: State | None, request: _Request) -> frozenset[str]:
    """The audiences of which something was held back from a destination that they still go to."""
    audiences = request.project.audiences
    held = [sync for sync in syncs_of(state).values() if sync.held]
    return frozenset(sync.source for sync in held if sync.source in audiences and sync.destination in audiences[sync.source].sync)


def _evaluate(
    request: _Request,
    engine: Engine,
    state: State | None,
    run_plan: RunPlan,
    vanished: tuple[InputFile, ...],
    recovered: tuple[str, ...],
) -> BuildResult:
    project, config = request.project, request.project.config
    plan = plan_audiences(project, run_plan.audiences, request.as_of, config.timezone)
    plan = with_tables(plan, config.sources)
    if request.verbose:
        engine.watch()
    again = revisit(project, state, run_plan)
    with request.stage("reading events and profiles"):
        staged = stage(
            project,
            request.folder,
            engine,
            plan,
            strict=request.strict,
            progress=request.progress,
            writable=writable_folders(project, request.folder),
            keep=None if request.dry_run else needs_of_all(project, request.as_of),
            touch=again.touch if again is not None else None,
        )
    rejects = None if request.dry_run else write_rejects(engine, staged.staging.rejects, request.outputs)
    if not request.dry_run:
        for of in Subject:
            _make_member_traits(engine, staged.compiled, of)
    for of in Subject:
        make_list_traits(engine, staged.compiled, of)
    with request.stage("evaluating audiences"):
        request.looked, ran = evaluate(staged, again, sent=not request.dry_run)
        request.costs = tuple(engine.costs)
    if request.verbose:
        request.sql.update(ran)
    partly = _partly(request, plan, request.looked)
    accounts = frozenset(name for name in plan.asked if plan.audiences[name].of is Subject.ACCOUNTS)
    with request.stage("comparing with the members before"):
        joined = () if config.sources.identity is None else config.sources.identity.names
        built = [project.audiences[name] for name in run_plan.audiences]
        keep = not request.dry_run or request.samples > 0 or any(audience.sync for audience in built)
        changes = find_changes(engine, state, run_plan, partly, keep=keep, accounts=accounts, joined=joined)
        if keep:
            make_rows(engine, run_plan, changes, partly, accounts=accounts)
        if request.samples:
            request.sampled = sample_changes(engine, request.samples)
    report = report_of(staged.staging, rejects_file=rejects, vanished=vanished, left=request.left)
    with request.stage("looking at what destinations know"):
        run_number = run_plan.run.number
        syncs = find_syncs(engine, state, changes, run=run_number, audiences=built, destinations=config.destinations, asked=request.asked)
    if request.dry_run:
        return _result(request, None, _audience_changes(run_plan, changes, state), (), report, recovered, syncs)
    assert state is not None
    with request.stage("writing"):
        run, shown = _write(request, state, run_plan, changes, partly, syncs)
    return _result(request, run, _audience_changes(run_plan, changes, state), shown, report, recovered, syncs)


def _partly(request: _Request, plan: Plan, looked: Looked) -> Partly:
    """The audiences of which only touched users were looked at, and those whose member file is written anyhow."""
    whole = frozenset(name for name in plan.asked if name in request.unwritten or request.project.audiences[name].has_with)
    return Partly(frozenset(looked.audiences), whole)


def _write(
    request: _Request, state: State, run_plan: RunPlan, changes: Sequence[Changes], partly: Partly, syncs: Syncs
) -> tuple[str | None, tuple[Path, ...]]:
    """Write the files of a run and commit it: the name of its folder, if it has one, and what was written, from the project folder."""
    config = request.project.config
    kept = {one.audience for one in changes if one.audience in partly.audiences - partly.whole and not (one.entered or one.exited)}
    written = write_run(
        state,
        run_plan,
        changes,
        audiences=request.project.audiences,
        syncs=syncs,
        outputs=request.outputs,
        file_format=request.file_format,
        kept=kept,
    )
    paths = [*([written.folder] if written.folder else []), *written.rewritten]
    shown = tuple(Path(config.outputs) / path for path in paths)
    return written.run.name if written.run is not None else None, shown


def _result(
    request: _Request,
    run: str | None,
    audiences: tuple[AudienceChange, ...],
    written: tuple[Path, ...],
    data: DataReport,
    recovered: tuple[str, ...],
    syncs: Syncs = NOTHING,
) -> BuildResult:
    return BuildResult(
        as_of=request.as_of,
        dry_run=request.dry_run,
        run=run,
        audiences=audiences,
        syncs=tuple(sync_change(telling) for telling in syncs.tellings),
        written=written,
        data=data,
        recovered=recovered,
        timings=tuple(request.timings),
        looked=request.looked if request.verbose else None,
        costs=request.costs,
        sql=request.sql,
        samples=request.sampled,
    )


def _audience_changes(plan: RunPlan, changes: Sequence[Changes], state: State | None) -> tuple[AudienceChange, ...]:
    """What became of every audience asked for, in name order; those that had nothing to do keep their size."""
    sizes = _sizes(state) if plan.unchanged else {}
    found = [AudienceChange(one.audience, one.size, one.entered, one.exited) for one in changes]
    found += [AudienceChange(name, sizes.get(name, 0), 0, 0, unchanged=True) for name in plan.unchanged]
    return tuple(sorted(found, key=lambda change: change.name))


def _sizes(state: State | None) -> dict[str, int]:
    if state is None:
        return {}
    rows = state.engine.rows("SELECT audience, count(*) FROM state.main.membership WHERE exited_at IS NULL GROUP BY audience")
    return {str(name): int(count) for name, count in rows}


# ---- the traits sent along -----------------------------------------------------------------------------------------


def _make_member_traits(engine: Engine, compiled: Compiled, of: Subject) -> None:
    """Make `member_trait` (`account_trait`): for all who are in an audience or left one, the traits that some audience sends along."""
    plan, scope = compiled.plan, compiled.scope(of)
    asked = [plan.audiences[name] for name in plan.asked if plan.audiences[name].of is of]
    if of is Subject.ACCOUNTS and not asked:
        return
    paths = list(dict.fromkeys(path for audience in asked for path in audience.with_traits))
    named = {path.text.lower(): path for path in reversed(paths) if path.text.lower() != of.id_name}
    columns = [column("user_id", USERS), *scope.columns(reversed(named.values()), Reading.VALUE)]
    query = exp.select(*columns).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
    query = compiled.join_values(query, scope, column("user_key", USERS), of=of)
    engine.create(MEMBER_TRAITS if of is Subject.USERS else ACCOUNT_TRAITS, query)
