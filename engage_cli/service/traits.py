"""`trait list`, `show`, `export`, `sql`: computed traits looked at. Nothing is recorded."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.paths import path_of
from engage_cli.definitions.project import Project
from engage_cli.definitions.trait import Expressed, FromSql, OfEvents, Trait
from engage_cli.errors import UsageError
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.needs import Reading
from engage_cli.plan.predicates import Plan
from engage_cli.service import export as files
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.progress import Progress
from engage_cli.service.results import Export, TraitRow, TraitsShown, TraitValue
from engage_cli.service.workspace import Staged, engine_for, load, report_of, stage, with_tables
from engage_cli.source import did_you_mean, visible
from engage_cli.sql.events import ordered
from engage_cli.sql.literals import column, text_literal
from engage_cli.sql.scope import USERS


def list_traits(folder: Path) -> tuple[TraitRow, ...]:
    """Every computed trait of the project, in name order."""
    project = load(folder)
    return tuple(
        TraitRow(name, trait.description, _words(trait), trait.span.file, trait.span.line) for name, trait in project.traits.items()
    )


def show(folder: Path, user: str, names: Sequence[str], *, as_of: datetime | None, progress: Progress) -> TraitsShown:
    """The computed traits of one user as of an instant, all where none is named. Reads the user's events alone."""
    project = load(folder)
    asked = _chosen(project, names)
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = _plan(project, asked, instant, frozenset({user}))
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=progress)
        user = staged.staging.known_as.get(user, user)
        query = _values(staged, asked, Reading.VALUE)
        rows = engine.rows(query.where(exp.EQ(this=column("user_id", USERS), expression=text_literal(user))))
    if not rows:
        return TraitsShown(user, instant, False, (), report_of(staged.staging))
    values = tuple(TraitValue(name, None if value is None else str(value)) for name, value in zip(asked, rows[0][1:], strict=True))
    return TraitsShown(user, instant, True, values, report_of(staged.staging))


def export(
    folder: Path,
    names: Sequence[str],
    *,
    as_of: datetime | None,
    strict: bool = False,
    file_format: str | None = None,
    output: Path | None = None,
    progress: Progress,
) -> Export:
    """Write computed traits of everybody as of an instant: `user_id`, then each trait. Without `output` as lines of text."""
    chosen = files.chosen_format(file_format, output)
    project = load(folder)
    asked = _chosen(project, names)
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = _plan(project, asked, instant, None)
    with engine_for(project, folder) as engine:
        folders = [output.absolute().parent] if output is not None else []
        staged = stage(project, folder, engine, plan, strict=strict, progress=progress, writable=folders)
        reading = files.reading_for(chosen)
        readings = (reading,) if reading is Reading.VALUE else (reading, Reading.VALUE)
        query = _values(staged, asked, *readings).order_by(ordered(column("user_id", USERS)))
        with progress.stage("computing traits"):
            if output is not None:
                written = files.write(engine, query, output, chosen)
                return Export("traits", instant, written, output, data=report_of(staged.staging))
            rows = engine.rows(query)
    return Export("traits", instant, len(rows), None, files.lines(("user_id", *asked), rows, chosen), report_of(staged.staging))


def sql(folder: Path, name: str, *, as_of: datetime | None, progress: Progress) -> str:
    """The SQL that gives a trait's value for everybody over the staged relations, to be read."""
    project = load(folder)
    asked = _chosen(project, [name])
    plan = _plan(project, asked, resolve_as_of(as_of, project.config.timezone), None)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=progress)
        return engine.render(_values(staged, asked, Reading.VALUE).order_by(ordered(column("user_id", USERS))))


def _plan(project: Project, names: Sequence[str], as_of: datetime, users: frozenset[str] | None) -> Plan:
    return with_tables(plan_audiences(project, (), as_of, project.config.timezone, users, names), project.config.sources)


def _values(staged: Staged, names: Sequence[str], *readings: Reading) -> exp.Select:
    """(user_id, traits…) of everybody, under the alias of users; with several readings as text in the first that the value has."""
    scope = staged.compiled.scope()
    columns = [column("user_id", USERS), *scope.columns(map(path_of, names), *readings)]
    query = exp.select(*columns).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
    scope.used.discard(USERS)
    return staged.compiled.join_values(query, scope, column("user_key", USERS))


def _chosen(project: Project, names: Sequence[str]) -> tuple[str, ...]:
    """The traits asked for, all where none is named; UsageError for an unknown name or a project without any."""
    unknown = [name for name in names if name not in project.traits]
    if unknown:
        hint = did_you_mean(unknown[0], project.traits) or "`engage trait list` shows them all"
        raise UsageError(f"there is no computed trait `{visible(unknown[0])}`", hint=hint)
    if not project.traits:
        raise UsageError("the project has no computed traits", hint="write one in campaigns/traits/, such as `trait: orders`")
    return tuple(dict.fromkeys(names)) or tuple(project.traits)


def _words(trait: Trait) -> str:
    """What a trait is computed of, in words."""
    match trait.computation:
        case OfEvents(compute=compute, names=names, property=path):
            events = " or ".join(names)
            return f"{compute} of {events}" if path is None else f"{compute} of {path} of {events}"
        case Expressed(text):
            return text
        case FromSql():
            return "SQL"
