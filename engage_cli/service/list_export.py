"""`audience export --destination`: the members of an audience as a destination of lists takes them."""

from datetime import datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.destinations import ListDestination
from engage_cli.definitions.project import Project
from engage_cli.errors import UsageError
from engage_cli.outputs.lists import make_list_rows, whole_list
from engage_cli.plan.build import plan_audiences
from engage_cli.records import replace
from engage_cli.service import export as files
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.list_traits import make_list_traits
from engage_cli.service.look import materialise, members_query
from engage_cli.service.progress import Progress
from engage_cli.service.results.audiences import Export
from engage_cli.service.workspace import chosen, engine_for, load, report_of, stage, with_tables
from engage_cli.source import did_you_mean, visible
from engage_cli.sql.compile import about
from engage_cli.state.lists import ListPair, make_told

_ROWS = "list_row"


def export_list(
    folder: Path,
    name: str,
    destination: str,
    *,
    as_of: datetime | None,
    strict: bool = False,
    file_format: str | None = None,
    output: Path | None = None,
    progress: Progress,
) -> Export:
    """Write the rows of all members as of an instant, whether or not the audience goes to the destination. Nothing is recorded.

    Without `output` as lines of text. Raises UsageError for a destination that takes no lists.
    """
    project = load(folder)
    chosen(project, [name])
    taker = _list_destination(project, destination)
    chosen_format = files.chosen_format(file_format, output)
    instant = resolve_as_of(as_of, project.config.timezone)
    audience = replace(project.audiences[name], sync=(destination,))
    project = replace(project, audiences={**project.audiences, name: audience})
    plan = with_tables(plan_audiences(project, [name], instant, project.config.timezone), project.config.sources)
    with engine_for(project, folder) as engine:
        folders = [output.absolute().parent] if output is not None else []
        staged = stage(project, folder, engine, plan, strict=strict, progress=progress, writable=folders)
        materialise(staged)
        make_list_traits(engine, staged.compiled, audience.of)
        members = about(audience.of, members_query(staged.compiled, name, ())).subquery("members")
        ids = [exp.column(audience.of.id_name, table="members").as_(column) for column in ("user_id", "now_id")]
        of_all = exp.cast(exp.null(), "VARCHAR").as_("destination")
        engine.create("synced_member", exp.select(exp.Literal.string(name).as_("audience"), *ids, of_all).from_(members))
        make_told(engine, None, [ListPair(destination, name, audience.of.value)])
        make_list_rows(engine, _ROWS, taker, audience.of)
        query = whole_list(_ROWS, taker)
        if output is not None:
            return Export(name, instant, files.write(engine, query, output, chosen_format), output, data=report_of(staged.staging))
        found = engine.rows(query)
    names = tuple(column.name for column in taker.columns)
    return Export(name, instant, len(found), None, files.text_lines(names, found, chosen_format), report_of(staged.staging))


def _list_destination(project: Project, name: str) -> ListDestination:
    destinations = project.config.destinations
    found = destinations.get(name)
    if isinstance(found, ListDestination):
        return found
    lists = [one.name for one in destinations.values() if isinstance(one, ListDestination)]
    if found is not None:
        raise UsageError(f"`{visible(name)}` takes calls, not lists", hint="without --destination the members are written as they are")
    named = f"they are {', '.join(f'`{one}`' for one in lists)}" if lists else "engage.yaml declares none"
    raise UsageError(f"there is no destination of lists `{visible(name)}`", hint=did_you_mean(name, lists) or named)
