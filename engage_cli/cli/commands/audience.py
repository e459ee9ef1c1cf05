"""`engage audience …`: build audiences, and look at them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.commands.shown import show_export, show_sql, tell_data
from engage_cli.cli.options import (
    AllowChange,
    AsOf,
    AudienceName,
    DetailedExitCode,
    DryRun,
    Format,
    Full,
    ProjectDir,
    Strict,
    ToFile,
    Wait,
    check_detailed,
    read_count,
    read_user,
)
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

if TYPE_CHECKING:
    from engage_cli.service.results.audiences import BuildResult

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False, help="The audiences.  [default: all]")]
Sample = Annotated[int, typer.Option("--sample", metavar="N", parser=read_count, help="How many members to show.")]
User = Annotated[
    str,
    typer.Option(
        "--user",
        "--account",
        metavar="ID",
        parser=read_user,
        show_default=False,
        help="The user (of an audience of accounts: the account), by their id as the sources write it.",
    ),
]
ToDestination = Annotated[
    str | None,
    typer.Option("--destination", metavar="NAME", show_default=False, help="A destination of lists: write rows as it takes them."),
]
Left = Annotated[str, typer.Argument(metavar="A", show_default=False, help="One audience.")]
Right = Annotated[str, typer.Argument(metavar="B", show_default=False, help="The other.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage audience`."""
    command(group, "build", example="engage audience build big_spenders --as-of 2026-11-23T10:00Z --dry-run")(build)
    command(group, "list", example="engage audience list")(list_all)
    command(group, "preview", example="engage audience preview big_spenders --sample 20")(preview)
    command(group, "explain", example="engage audience explain big_spenders --user u_0042")(explain)
    command(group, "overlap", example="engage audience overlap big_spenders lapsed_customers")(overlap)
    command(group, "export", example="engage audience export big_spenders --output big_spenders.csv")(export)
    command(group, "sql", example="engage audience sql big_spenders")(sql)


def build(
    out: Output,
    names: Names = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    file_format: Format = None,
    full: Full = False,
    allow_change: AllowChange = False,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    strict: Strict = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Evaluate audiences, and record who came and went.

    Writes the members of each audience, and what changed since its last build, also for each destination. The same instant
    again changes nothing. Rows of data that cannot be read are left out, shown, and written to a rejects file.
    """
    from engage_cli.service.build import build_audiences

    check_detailed(detailed_exit_code, dry_run=dry_run)
    folder = out.project(project)
    result = build_audiences(
        folder,
        names or (),
        as_of=as_of,
        file_format=file_format,
        dry_run=dry_run,
        strict=strict,
        wait=wait,
        verbose=out.flags.verbose,
        full=full,
        allow_change=allow_change,
        progress=out.progress(),
    )
    _show_build(out, result, folder)
    if result.held:
        return ExitCode.FAILED
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.would_change else ExitCode.DONE


def _show_build(out: Output, result: "BuildResult", folder: Path) -> None:
    from engage_cli.cli.render.build import build_blocks, cost_blocks, held_blocks, left_out_blocks, recovered_blocks, sql_blocks
    from engage_cli.cli.render.documents import build_document

    out.tell(recovered_blocks(result))
    if out.flags.verbose:
        out.note(sql_blocks(result))
        out.note(cost_blocks(result))
    tell_data(out, result.data, folder, writes=not result.dry_run)
    out.note(left_out_blocks(result))
    out.result(lambda: build_document(result, verbose=out.flags.verbose), build_blocks(result, folder, every_path=out.flags.verbose))
    out.tell(held_blocks(result))


def list_all(out: Output, project: ProjectDir = None) -> ExitCode:
    """List the audiences, with their sizes by the last build."""
    from engage_cli.cli.render.audiences import list_blocks
    from engage_cli.cli.render.documents import list_document
    from engage_cli.service.look import list_audiences

    rows = list_audiences(out.project(project))
    out.result(lambda: list_document(rows), list_blocks(rows))
    return ExitCode.DONE


def preview(
    out: Output,
    name: AudienceName,
    sample: Sample = 10,
    project: ProjectDir = None,
    as_of: AsOf = None,
    strict: Strict = False,
) -> ExitCode:
    """Look at an audience without building it.

    Shows its size, a sample of members with the traits that matter, and which identifiers members have.
    """
    from engage_cli.cli.render.audiences import preview_blocks
    from engage_cli.cli.render.documents import preview_document
    from engage_cli.service.look import preview as look

    result = look(out.project(project), name, as_of=as_of, strict=strict, sample=sample, progress=out.progress())
    tell_data(out, result.data)
    out.result(lambda: preview_document(result), preview_blocks(result))
    return ExitCode.DONE


def explain(out: Output, name: AudienceName, user: User, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Explain why a user is, or is not, in an audience.

    Shows the condition as a tree. Each part is true or false, with the values and the events (in UTC) that made it so, and
    what is missing where it is false.
    """
    from engage_cli.cli.render.documents import explanation_document
    from engage_cli.cli.render.explain import explanation_blocks
    from engage_cli.service.explain import explain as find_why

    result = find_why(out.project(project), name, user, as_of=as_of, progress=out.progress())
    tell_data(out, result.data)
    out.result(lambda: explanation_document(result), explanation_blocks(result, whole=out.flags.verbose))
    return ExitCode.DONE


def overlap(
    out: Output,
    left: Left,
    right: Right,
    project: ProjectDir = None,
    as_of: AsOf = None,
    strict: Strict = False,
) -> ExitCode:
    """Compare two audiences: in both, in one only."""
    from engage_cli.cli.render.audiences import overlap_blocks
    from engage_cli.cli.render.documents import overlap_document
    from engage_cli.service.look import overlap as compare

    result = compare(out.project(project), left, right, as_of=as_of, strict=strict, progress=out.progress())
    tell_data(out, result.data)
    out.result(lambda: overlap_document(result), overlap_blocks(result))
    return ExitCode.DONE


def export(
    out: Output,
    name: AudienceName,
    output: ToFile = None,
    destination: ToDestination = None,
    file_format: Format = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    strict: Strict = False,
) -> ExitCode:
    """Write the members of an audience to a file or a pipe.

    The columns are user_id (of an audience of accounts: account_id) and the traits that `with` names; with --destination those
    of that destination of lists. A file that exists is replaced. Nothing is recorded: `build` does that.
    """
    from engage_cli.cli.render.audiences import export_blocks

    if out.flags.as_json and output is None:
        file_format = "jsonl"
    folder = out.project(project)
    if destination is None:
        from engage_cli.service.look import export as write

        result = write(folder, name, as_of=as_of, strict=strict, file_format=file_format, output=output, progress=out.progress())
    else:
        from engage_cli.service.list_export import export_list

        result = export_list(
            folder, name, destination, as_of=as_of, strict=strict, file_format=file_format, output=output, progress=out.progress()
        )
    tell_data(out, result.data)
    show_export(out, result, "members", export_blocks(result))
    return ExitCode.DONE


def sql(out: Output, name: AudienceName, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Print the SQL of an audience.

    It is one query, its parts named after the definition and commented with file and line.
    """
    from engage_cli.service.look import sql as compile_sql

    show_sql(out, name, compile_sql(out.project(project), name, as_of=as_of, progress=out.progress()))
    return ExitCode.DONE
