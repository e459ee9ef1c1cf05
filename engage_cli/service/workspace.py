"""What every use case that reads data starts from: the project, an engine, and a plan staged and compiled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from engage_cli.definitions.broadcast_walk import conditions_of as conditions_of_broadcast
from engage_cli.definitions.condition_walk import subjects_of_leaves
from engage_cli.definitions.conditions import InSql
from engage_cli.definitions.journey_steps import Send
from engage_cli.definitions.journey_walk import conditions_of
from engage_cli.definitions.project import Project, Sources
from engage_cli.definitions.project_files import load_project
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import FromSql
from engage_cli.engine.base import Engine, InputFile, Staging
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.errors import DataError, UsageError
from engage_cli.journeys.needs import needs_of_editions
from engage_cli.plan.broadcasts import needs_of_broadcasts, plan_broadcasts
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.leaves import AmongRows
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.plan.predicates import Plan
from engage_cli.plan.requirements import leaves_about
from engage_cli.plan.touched import Touch
from engage_cli.plan.traits import TraitOfRows
from engage_cli.records import replace
from engage_cli.service.editions import edition_in
from engage_cli.service.forgotten import with_forgotten
from engage_cli.service.imported import with_imported
from engage_cli.service.ledgers import lay_ledger
from engage_cli.service.progress import Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.trait_courses import as_recorded
from engage_cli.service.trait_sets import dated_by_sets, lay_sets
from engage_cli.source import InvalidError, Issue, did_you_mean, visible
from engage_cli.sql.authored import NotAllowedError, authored_issue, read_authored

if TYPE_CHECKING:
    from engage_cli.sql.compile import Compiled


def load(folder: Path) -> Project:
    """The project in a folder; InvalidError with every mistake of its definitions, those of `sql:` conditions among them."""
    project = with_forgotten(with_imported(load_project(folder), folder), folder)
    issues = authored_issues(project)
    if issues:
        raise InvalidError(issues)
    return project


def authored_issues(project: Project) -> list[Issue]:
    """The mistakes of all `sql:` conditions, in the order of their audiences, and of SQL traits."""
    everything = plan_audiences(project, project.audiences, _ANY_INSTANT, project.config.timezone)
    declared = declared_tables(project.config.sources)
    found = [authored_issue(leaf.text, leaf.span, declared, [of.id_name]) for of, leaf in _authored_leaves(everything)]
    campaigns = [condition for journey in project.journeys.values() for condition in conditions_of(journey)]
    campaigns += [condition for broadcast in project.broadcasts.values() for condition in conditions_of_broadcast(broadcast).values()]
    for condition in campaigns:
        leaves = subjects_of_leaves(condition, Subject.USERS)
        found += [authored_issue(leaf.text, leaf.span, declared, [of.id_name]) for of, leaf in leaves if isinstance(leaf, InSql)]
    for trait in project.traits.values():
        if isinstance(trait.computation, FromSql):
            found.append(authored_issue(trait.computation.text, trait.source_span, declared, _trait_columns(trait.of)))
    return [issue for issue in found if issue is not None]


def _trait_columns(of: Subject) -> tuple[str, str]:
    from engage_cli.sql.traits import trait_columns  # the compiler, which an idle tick does without

    return trait_columns(of)


_ANY_INSTANT = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def declared_tables(sources: Sources) -> tuple[str, ...]:
    """The sources that a `sql:` condition may name."""
    kinds = ("events", "profiles", "accounts", "memberships", "consents")
    return (*(kind for kind in kinds if sources.of(kind)), *(entity.name for entity in sources.entities))


def _authored_leaves(plan: Plan) -> list[tuple[Subject, AmongRows]]:
    """Every `sql:` condition, with the kind of subject whose ids it gives."""
    found = (one for audience in plan.audiences.values() for one in leaves_about(audience.of, audience.predicate))
    return [(of, leaf) for of, leaf in found if isinstance(leaf, AmongRows)]


def chosen(project: Project, names: Sequence[str]) -> tuple[str, ...]:
    """The audiences asked for, all where none is named; UsageError for an unknown name or a project without any."""
    unknown = [name for name in names if name not in project.audiences]
    if unknown:
        hint = did_you_mean(unknown[0], project.audiences) or "`engage audience list` shows them all"
        raise UsageError(f"there is no audience `{visible(unknown[0])}`", hint=hint)
    if not project.audiences:
        raise UsageError("the project has no audiences", hint="write one in campaigns/audiences/, such as `audience: everybody`")
    return tuple(dict.fromkeys(names)) or tuple(project.audiences)


def with_tables(plan: Plan, sources: Sources) -> Plan:
    """The plan with the sources that its `sql:` conditions name among its needs."""
    return replace(plan, needs=replace(plan.needs, tables=_tables(plan, sources)))


def with_tables_of(needs: Needs, moments: Iterable[MomentPlan], sources: Sources) -> Needs:
    """Needs of a run with the sources that `sql:` conditions name which are asked of subjects at instants of their own."""
    found = [_tables(plan.as_plan(needs.as_of), sources) for plan in moments]
    return replace(needs, tables=needs.tables.union(*found))


def _tables(plan: Plan, sources: Sources) -> frozenset[str]:
    tables: set[str] = set()
    for of, leaf in _authored_leaves(plan):
        try:
            tables |= read_authored(leaf.text, declared_tables(sources), [of.id_name]).tables
        except NotAllowedError as problem:
            raise InvalidError([Issue("sql", problem.message, leaf.span, problem.hint)]) from problem
    for trait in plan.traits.values():
        if isinstance(trait.source, TraitOfRows):
            tables |= read_authored(trait.source.text, declared_tables(sources), _trait_columns(trait.of)).tables
    return frozenset(tables)


def needs_of_all(project: Project, as_of: datetime, *, but: Collection[str] = ()) -> Needs:
    """What all definitions of the project need of the data, `but` for the journeys of these names."""
    zone, sources = project.config.timezone, project.config.sources
    needs = with_tables(plan_audiences(project, project.audiences, as_of, zone, traits=project.traits), sources).needs
    if broadcasts := plan_broadcasts(project):
        own = needs_of_broadcasts(project, broadcasts, Needs(as_of, zone), as_of)
        needs = needs.with_also(with_tables_of(own, broadcasts.values(), sources))
    editions = [edition_in(project, journey, 1) for name, journey in project.journeys.items() if name not in but]
    if not editions:
        return needs
    own = needs_of_editions(Needs(as_of, zone), editions, as_of)
    if any(isinstance(step, Send) for journey in project.journeys.values() for step in journey.all_steps()):
        own = with_outcomes(own, project.config.messaging.outcomes)
    return needs.with_also(with_tables_of(own, [edition.plan for edition in editions], sources))


@contextmanager
def engine_for(project: Project, folder: Path) -> Iterator[Engine]:
    """An engine with the project's settings."""
    config = project.config
    store = folder / config.store if config.store else None
    own = [folder / config.outputs, folder / config.engine.temp_directory]
    with open_engine(folder, config.engine, config.timezone, store, kept_folder(project, folder), own) as engine:
        yield engine


def kept_folder(project: Project, folder: Path) -> Path:
    """Where copies are of the files that sources keep, beside the state."""
    return (folder / project.config.state).parent / "kept"


class Staged(Struct, frozen=True):
    """A plan whose data is staged in an engine, compiled."""

    project: Project
    plan: Plan
    engine: Engine
    staging: Staging
    compiled: Compiled


def stage(
    project: Project,
    folder: Path,
    engine: Engine,
    plan: Plan,
    *,
    strict: bool,
    progress: Progress,
    writable: Sequence[Path] = (),
    keep: Needs | None = None,
    touch: Touch | None = None,
) -> Staged:
    """Stage what a plan needs, seal the engine, and compile. `strict`: a row that cannot be read is an error.

    Only the folders of `writable` can be written to afterwards. With `keep`, what all definitions need, the event store is brought up to
    date first; the caller holds the project's lock. With `touch` the users who may have changed are found, too.
    """
    plan = dated_by_sets(project, folder, engine, plan)
    with progress.stage("reading events and profiles"):
        # What journeys set is in no file: who is touched by it is not found by files.
        staging = engine.stage(project.config.sources, plan.needs, keep, None if plan.needs.dated else touch)
    if keep is None:
        staging = replace(staging, store_note=None)  # a look leaves the store as it is
    if strict and staging.rejects:
        refuse_rejects(staging)
    lay_sets(project, folder, engine, plan)
    plan = as_recorded(project, folder, engine, plan)
    lay_ledger(project, folder, engine, plan, staging.catalog)
    engine.seal(writable)
    from engage_cli.sql.compile import compile_plan

    return Staged(project, plan, engine, staging, compile_plan(plan, staging.catalog))


def refuse_rejects(staging: Staging) -> None:
    """Raise for the rows that cannot be read, as --strict asks."""
    rows = sum(reject.rows for reject in staging.rejects)
    first = staging.rejects[0]
    place = f"{first.path}, row {first.first_row}" if first.first_row else first.path
    raise DataError(
        f"{rows} row{'' if rows == 1 else 's'} cannot be read, the first in {visible(place)}: {visible(first.reason)}",
        hint="mend the files, or run without --strict: such rows are then left out and written to a rejects file",
    )


def writable_folders(project: Project, folder: Path) -> list[Path]:
    """Where a run may write: the state's folder, the outputs, the temp folder."""
    config = project.config
    paths = [(folder / config.state).parent, folder / config.outputs, folder / config.engine.temp_directory]
    return [path.absolute() for path in paths]


def report_of(
    staging: Staging, *, rejects_file: Path | None = None, vanished: Iterable[InputFile] = (), left: Sequence[str] = ()
) -> DataReport:
    """What the user is told of the data."""
    return DataReport(
        files=staging.files,
        events_read=staging.events_read,
        events_staged=staging.events_staged,
        duplicates=staging.duplicates,
        future_events=staging.future_events,
        repeated_profiles=staging.repeated_profiles,
        repeated_keys=staging.repeated_keys,
        anonymous_calls=staging.anonymous_calls,
        forgotten_rows=staging.forgotten_rows,
        users=staging.users,
        kept=staging.kept,
        ingested=staging.ingested,
        store_note=staging.store_note,
        rejects=staging.rejects,
        rejects_file=rejects_file,
        vanished=tuple(file.path for file in vanished),
        left=tuple(left),
        odd_zones=staging.odd_zones,
    )
