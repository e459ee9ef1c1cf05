"""`trait list`, `show`, `export`, `sql`: computed traits, and those that journeys set, looked at. Nothing is recorded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.journey_reads import setters_of
from engage_cli.definitions.paths import path_of
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Expressed, FromSql, OfEvents, Rfm, Trait
from engage_cli.errors import UsageError
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.needs import Column, Reading
from engage_cli.plan.predicates import Plan
from engage_cli.records import replace
from engage_cli.service import export as files
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.progress import Progress
from engage_cli.service.results.audiences import Export
from engage_cli.service.results.traits import TraitRow, TraitsShown, TraitValue
from engage_cli.service.workspace import Staged, engine_for, load, report_of, stage, with_tables
from engage_cli.source import Span, did_you_mean, visible
from engage_cli.sql.events import ordered
from engage_cli.sql.literals import column, text_literal
from engage_cli.sql.scope import USERS


def list_traits(folder: Path) -> tuple[TraitRow, ...]:
    """Every computed trait of the project, and every one that journeys set, in name order."""
    project = load(folder)
    rows = [
        TraitRow(name, trait.of.value, trait.description, words(trait), trait.span.file, trait.span.line)
        for name, trait in project.traits.items()
    ]
    for name, journeys in set_by_journeys(project).items():
        span = next(iter(journeys.values()))
        rows.append(TraitRow(name, Subject.USERS.value, "", f"set by {_journeys(journeys)}", span.file, span.line))
    return tuple(sorted(rows, key=lambda row: row.name))


def show(
    folder: Path, subject_id: str, names: Sequence[str], *, of: Subject = Subject.USERS, as_of: datetime | None, progress: Progress
) -> TraitsShown:
    """The traits of one user, or account (`of`), as of an instant, all where none is named. Of a user reads their events alone."""
    project = load(folder)
    asked, _ = chosen_traits(project, names, of)
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = plan_traits(project, asked, instant, frozenset({subject_id}) if of is Subject.USERS else None)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=progress)
        if of is Subject.USERS:
            subject_id = staged.staging.known_as.get(subject_id, subject_id)
        rows = engine.rows(values_query(staged, asked, of, Reading.VALUE, only=subject_id))
    if not rows:
        return TraitsShown(subject_id, of, instant, False, (), report_of(staged.staging))
    values = tuple(TraitValue(name, None if value is None else str(value)) for name, value in zip(asked, rows[0][1:], strict=True))
    return TraitsShown(subject_id, of, instant, True, values, report_of(staged.staging))


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
    """Write traits of everybody as of an instant: the ids of users (or accounts), then each trait. Without `output` as lines.

    The traits are of one kind of subject: where none is named all of users, or of accounts where users have none.
    """
    chosen = files.chosen_format(file_format, output)
    project = load(folder)
    asked, of = chosen_traits(project, names)
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = plan_traits(project, asked, instant)
    with engine_for(project, folder) as engine:
        folders = [output.absolute().parent] if output is not None else []
        staged = stage(project, folder, engine, plan, strict=strict, progress=progress, writable=folders)
        reading = files.reading_for(chosen)
        readings = (reading,) if reading is Reading.VALUE else (reading, Reading.VALUE)
        query = values_query(staged, asked, of, *readings)
        with progress.stage("computing traits"):
            if output is not None:
                written = files.write(engine, query, output, chosen)
                return Export("traits", instant, written, output, data=report_of(staged.staging), of=of)
            rows = engine.rows(query)
    return Export("traits", instant, len(rows), None, files.lines((of.id_name, *asked), rows, chosen), report_of(staged.staging), of)


def sql(folder: Path, name: str, *, as_of: datetime | None, progress: Progress) -> str:
    """The SQL that gives a trait's value for everybody over the staged relations, to be read."""
    project = load(folder)
    asked, of = chosen_traits(project, known_traits(project, [name]))
    plan = plan_traits(project, asked, resolve_as_of(as_of, project.config.timezone))
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=progress)
        return engine.render(values_query(staged, asked, of, Reading.VALUE))


def plan_traits(project: Project, names: Sequence[str], as_of: datetime, users: frozenset[str] | None = None) -> Plan:
    """The plan of some traits, and of all that they are computed of; of these `users` alone, where that is enough.

    What is not computed is read of the profiles, as it stands and as text.
    """
    plan = plan_audiences(project, (), as_of, project.config.timezone, users, [name for name in names if name in project.traits])
    raw = [path_of(name) for name in names if name not in project.traits]
    columns = frozenset(Column(path, reading) for path in raw for reading in (Reading.VALUE, Reading.TEXT))
    return with_tables(replace(plan, needs=replace(plan.needs, traits=plan.needs.traits | columns)), project.config.sources)


def values_query(staged: Staged, names: Sequence[str], of: Subject, *readings: Reading, only: str | None = None) -> exp.Select:
    """(user_id or account_id, traits…) of everybody, in the order of their ids, or `only` of one.

    With several readings as text in the first that the value has.
    """
    scope = staged.compiled.scope(of)
    columns = [column("user_id", USERS), *scope.columns(map(path_of, names), *readings)]
    query = exp.select(*columns).from_(exp.alias_(exp.to_table("users"), USERS, table=True)).order_by(ordered(column("user_id", USERS)))
    if only is not None:
        query = query.where(exp.EQ(this=column("user_id", USERS), expression=text_literal(only)))
    scope.used.discard(USERS)
    return staged.compiled.join_values(query, scope, column("user_key", USERS), of=of)


def set_by_journeys(project: Project) -> dict[str, dict[str, Span]]:
    """The traits that journeys set and nothing computes, each with its journeys and where they set it, in name order."""
    return {name: journeys for name, journeys in setters_of(project.journeys).items() if name not in project.traits}


def _journeys(journeys: Iterable[str]) -> str:
    names = list(journeys)
    return f"the journey{'' if len(names) == 1 else 's'} {' and '.join(names)}"


def chosen_traits(project: Project, names: Sequence[str], of: Subject | None = None) -> tuple[tuple[str, ...], Subject]:
    """The traits asked for, computed or set by journeys, and whom they are of: all of one kind of subject, of `of` where that is given.

    UsageError for an unknown name, one of the other kind, or where there is none.
    """
    kinds = {name: trait.of for name, trait in project.traits.items()} | dict.fromkeys(set_by_journeys(project), Subject.USERS)
    unknown = next((name for name in names if name not in kinds), None)
    if unknown is not None:
        hint = did_you_mean(unknown, kinds) or "`engage trait list` shows them all"
        raise UsageError(f"there is no computed trait `{visible(unknown)}`, and no journey sets it", hint=hint)
    if not kinds:
        raise _no_traits()
    if of is None:
        of = kinds[names[0]] if names else Subject.USERS if Subject.USERS in kinds.values() else Subject.ACCOUNTS
    other = next((name for name in names if kinds[name] is not of), None)
    if other is not None:
        raise UsageError(f"`{other}` is a trait of {kinds[other].value}, and not of {of.value}", hint="ask for those of each kind apart")
    found = tuple(dict.fromkeys(names)) or tuple(name for name, kind in sorted(kinds.items()) if kind is of)
    if not found:
        raise UsageError(f"the project has no computed traits of {of.value}", hint=f"write one with `of: {of.value}`")
    return found, of


def known_traits(project: Project, names: Sequence[str]) -> tuple[str, ...]:
    """The computed traits asked for, all where none is named; UsageError for an unknown name or a project without any."""
    unknown = next((name for name in names if name not in project.traits), None)
    setters = set_by_journeys(project)
    if unknown in setters:
        raise UsageError(
            f"`{unknown}` is not computed, but set by {_journeys(setters[unknown])}", hint="`engage trait show` shows its value"
        )
    if unknown is not None:
        hint = did_you_mean(unknown, project.traits) or "`engage trait list` shows them all"
        raise UsageError(f"there is no computed trait `{visible(unknown)}`", hint=hint)
    if not project.traits:
        raise _no_traits()
    return tuple(dict.fromkeys(names)) or tuple(project.traits)


def _no_traits() -> UsageError:
    return UsageError("the project has no computed traits", hint="write one in campaigns/traits/, such as `trait: orders`")


def words(trait: Trait) -> str:
    """What a trait is computed of, in words."""
    match trait.computation:
        case OfEvents(compute=compute, names=names, property=path):
            events = " or ".join(names)
            return f"{compute} of {events}" if path is None else f"{compute} of {path} of {events}"
        case Expressed(text):
            return text
        case FromSql():
            return "SQL"
        case Rfm(names, path):
            return f"RFM scores of {path} of {' or '.join(names)}"
