"""Looks at audiences that change nothing: list, preview, overlap, export, sql."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.paths import Path as TraitPath
from engage_cli.definitions.paths import path_of
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.errors import UsageError
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.explain import trait_paths
from engage_cli.plan.needs import Column, Reading
from engage_cli.plan.predicates import Plan, leaves_of
from engage_cli.plan.qualifying import qualifying_entities
from engage_cli.plan.requirements import IDS
from engage_cli.records import replace
from engage_cli.service import export as files
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.progress import Progress
from engage_cli.service.results.audiences import AudienceRow, Export, IdentifierCount, Overlap, Preview
from engage_cli.service.state_view import standings
from engage_cli.service.workspace import Staged, chosen, engine_for, load, report_of, stage, with_tables
from engage_cli.sql.compile import Compiled, about, audience_relation
from engage_cli.sql.events import ordered
from engage_cli.sql.functions import e_bucket
from engage_cli.sql.literals import column
from engage_cli.sql.qualifying import ROW, ROW_ID, rows_of_members
from engage_cli.sql.scope import TRAITS, USERS, join_subject

IDENTIFIERS = ("email", "phone", "device_token", "anonymous_id")
"""Traits by which people are reached or known, where a project has them."""
MOST_KEYS = 5
"""How many keys of rows a cell shows."""
_MEMBERS = "m"


def list_audiences(folder: Path) -> tuple[AudienceRow, ...]:
    """Every audience of the project with what the last run published of it, in name order."""
    project = load(folder)
    known = standings(folder, project)
    rows = []
    for name, audience in project.audiences.items():
        row = AudienceRow(name, audience.description, audience.span.file, audience.span.line)
        standing = known.get(name)
        if standing is not None:
            row = replace(row, size=standing.size, as_of=standing.as_of, entered=standing.entered, exited=standing.exited)
        rows.append(row)
    return tuple(rows)


def preview(folder: Path, name: str, *, as_of: datetime | None, strict: bool = False, sample: int = 10, progress: Progress) -> Preview:
    """The size of an audience, a sample of its members with the traits that matter, and which identifiers members have."""
    project = load(folder)
    chosen(project, [name])
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = with_tables(plan_audiences(project, [name], instant, project.config.timezone), project.config.sources)
    shown = traits_that_matter(plan)
    of = plan.audiences[name].of
    wanted = frozenset(Column(path, reading) for path in shown for reading in (Reading.TEXT, Reading.VALUE))
    wanted = frozenset(column for column in wanted if column.path.name not in plan.traits)
    if of is Subject.USERS:
        wanted |= {Column(path_of(identifier), Reading.PRESENT) for identifier in IDENTIFIERS}
        plan = replace(plan, needs=replace(plan.needs, traits=plan.needs.traits | wanted))
    else:
        plan = replace(plan, needs=replace(plan.needs, account_traits=plan.needs.account_traits | wanted))
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=strict, progress=progress)
        with progress.stage("evaluating"):
            materialise(staged)
            size = int(engine.rows(_count(name))[0][0])
            entities = qualifying_entities(plan, name)
            rows = engine.rows(_sample(staged.compiled, name, shown, entities, sample))
            identifiers = _identifiers(staged, name, size) if of is Subject.USERS else (IdentifierCount(of.id_name, size),)
            return Preview(
                name=name,
                as_of=instant,
                size=size,
                universe=staged.staging.users if of is Subject.USERS else _accounts(engine),
                of=of,
                columns=(of.id_name, *(path.text for path in shown), *entities),
                sample=tuple((*row[: len(row) - len(entities)], *map(_keys, row[len(row) - len(entities) :])) for row in rows),
                identifiers=identifiers,
                data=report_of(staged.staging),
            )


def overlap(folder: Path, left: str, right: str, *, as_of: datetime | None, strict: bool = False, progress: Progress) -> Overlap:
    """The sizes of two audiences and of what they share."""
    project = load(folder)
    chosen(project, [left, right])
    instant = resolve_as_of(as_of, project.config.timezone)
    kinds = {name: project.audiences[name].of for name in (left, right)}
    if kinds[left] is not kinds[right]:
        message = f"`{left}` is an audience of {kinds[left].value}, and `{right}` one of {kinds[right].value}"
        raise UsageError(f"{message}: they cannot be compared", hint="name two audiences of one kind")
    names = tuple(dict.fromkeys((left, right)))
    plan = with_tables(plan_audiences(project, names, instant, project.config.timezone), project.config.sources)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=strict, progress=progress)
        materialise(staged)
        one, other = audience_relation(left), audience_relation(right)
        on = exp.EQ(this=column("user_key", "one"), expression=column("user_key", "other"))
        both = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(exp.alias_(exp.to_table(one), "one", table=True))
        both = both.join(exp.alias_(exp.to_table(other), "other", table=True), on=on)
        queries = (_count(left), _count(right), about(kinds[left], both))
        left_size, right_size, shared = (int(engine.rows(query)[0][0]) for query in queries)
        return Overlap(left, right, instant, left_size, right_size, shared, report_of(staged.staging))


def export(
    folder: Path,
    name: str,
    *,
    as_of: datetime | None,
    strict: bool = False,
    file_format: str | None = None,
    output: Path | None = None,
    progress: Progress,
) -> Export:
    """Write the members of an audience as of an instant: their ids, then the traits sent along. Without `output` as lines of text.

    Raises UsageError for Parquet without a file to write it to.
    """
    chosen_format = files.chosen_format(file_format, output)
    project = load(folder)
    chosen(project, [name])
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = with_tables(plan_audiences(project, [name], instant, project.config.timezone), project.config.sources)
    paths, entities = project.audiences[name].with_traits, project.audiences[name].with_entities
    with engine_for(project, folder) as engine:
        folders = [output.absolute().parent] if output is not None else []
        staged = stage(project, folder, engine, plan, strict=strict, progress=progress, writable=folders)
        materialise(staged)
        of = project.audiences[name].of
        query = members_query(staged.compiled, name, paths, files.reading_for(chosen_format), rows=dict.fromkeys(entities, ROW))
        if output is not None:
            rows = files.write(engine, query, output, chosen_format)
            return Export(name, instant, rows, output, data=report_of(staged.staging), of=of)
        found = engine.rows(query)
    names = (of.id_name, *(path.text for path in paths), *entities)
    return Export(name, instant, len(found), None, files.lines(names, found, chosen_format), report_of(staged.staging), of)


def sql(folder: Path, name: str, *, as_of: datetime | None, progress: Progress) -> str:
    """The SQL that gives an audience's members over the staged relations, to be read."""
    project = load(folder)
    chosen(project, [name])
    instant = resolve_as_of(as_of, project.config.timezone)
    plan = with_tables(plan_audiences(project, [name], instant, project.config.timezone), project.config.sources)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=progress)
        return engine.render(staged.compiled.members(name))


# ---- queries -------------------------------------------------------------------------------------------------------


def materialise(staged: Staged) -> None:
    """Run the relations of the plan, in order; the members of each asked audience are one of them."""
    for name, query in staged.compiled.steps():
        staged.engine.create(name, query, of_everybody=True)


def traits_that_matter(plan: Plan) -> list[TraitPath]:
    """The traits that the plan's conditions compare, then those sent along, each once."""
    of = {plan.audiences[name].of for name in plan.asked}
    compared = [
        path
        for audience in plan.audiences.values()
        if audience.of in of
        for leaf in leaves_of(audience.predicate)
        for path in trait_paths(leaf, IDS[audience.of])
    ]
    sent = [path for name in plan.asked for path in plan.audiences[name].with_traits if path != IDS[plan.audiences[name].of]]
    return list(dict.fromkeys((*compared, *sent)))


def members_query(
    compiled: Compiled,
    name: str,
    traits: Sequence[TraitPath],
    *readings: Reading,
    rows: Mapping[str, str] = {},
    order: Sequence[exp.Expr] = (),
    limit: int | None = None,
) -> exp.Select:
    """(user_id or account_id, traits…, rows of entities…) of an audience's members, each trait in the first of the readings that it has, as
    text where there are several; in the order of their ids, or in `order`.

    `rows` says by entity what to show of the rows that qualify a member; they are the text of a JSON list. Over the relations of a run; the
    subject's id among the traits is the id once more.
    """
    of = compiled.plan.audiences[name].of
    scope = compiled.scope(of)
    scope.used.add(USERS)
    made = [relation for relation, _ in compiled.steps()]
    columns = [column("user_id", USERS), *scope.columns(traits, *readings)]
    columns += [exp.cast(column("rows", f"rows_of_{entity}"), exp.DType.VARCHAR).as_(entity) for entity in rows]
    query = exp.select(*columns).from_(exp.alias_(exp.to_table(audience_relation(name)), _MEMBERS, table=True))
    for entity, value in rows.items():
        on = exp.EQ(this=column("user_key", f"rows_of_{entity}"), expression=column("user_key", _MEMBERS))
        listed = rows_of_members(compiled, name, entity, value, made).subquery()
        query = query.join(exp.alias_(listed, f"rows_of_{entity}", table=True), on=on, join_type="left")
    query = query.order_by(*order, ordered(column("user_id", USERS)))
    return compiled.join_values(query if limit is None else query.limit(limit), scope, column("user_key", _MEMBERS), made, of)


def _accounts(engine: Engine) -> int:
    return int(engine.rows("SELECT count(*) FROM accounts")[0][0])


def _count(name: str) -> exp.Select:
    return exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(exp.to_table(audience_relation(name)))


def _sample(compiled: Compiled, name: str, traits: list[TraitPath], entities: Sequence[str], size: int) -> exp.Select:
    """Members in the order of a stable hash: a sample that is the same from look to look."""
    order = [ordered(e_bucket("preview", column("user_id", USERS)))]
    rows = dict.fromkeys(entities, ROW_ID)
    return members_query(compiled, name, traits, Reading.TEXT, Reading.VALUE, rows=rows, order=order, limit=size)


def _keys(listed: str | None) -> str | None:
    """The keys of rows, from the text of a JSON list, as far as a cell has room for them."""
    if listed is None:
        return None
    keys = [str(key) for key in json.loads(listed)]
    more = len(keys) - MOST_KEYS
    return ", ".join(keys) if more <= 0 else f"{', '.join(keys[:MOST_KEYS])} and {more} more"


def _identifiers(staged: Staged, name: str, size: int) -> tuple[IdentifierCount, ...]:
    columns = [
        exp.alias_(exp.Count(this=column(f"{identifier}:{Reading.PRESENT.value}", TRAITS)), identifier) for identifier in IDENTIFIERS
    ]
    query = exp.select(*columns).from_(exp.alias_(exp.to_table(audience_relation(name)), _MEMBERS, table=True))
    counts = staged.engine.rows(join_subject(query, {TRAITS}, column("user_key", _MEMBERS)))[0]
    found = [IdentifierCount(identifier, int(count)) for identifier, count in zip(IDENTIFIERS, counts, strict=True)]
    if staged.staging.catalog.with_anonymous:
        members = exp.alias_(exp.to_table(audience_relation(name)), _MEMBERS, table=True)
        named = join_subject(exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(members), {USERS}, column("user_key", _MEMBERS))
        size = int(staged.engine.rows(named.where(exp.not_(column("anonymous", USERS))))[0][0])
    return (IdentifierCount("user_id", size), *(one for one in found if one.members))
