"""`engage trait …`: build computed traits, and look at them."""

from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.commands.shown import show_export, show_sql, tell_data
from engage_cli.cli.options import (
    AsOf,
    DetailedExitCode,
    DryRun,
    Format,
    ProjectDir,
    Strict,
    ToFile,
    Wait,
    check_detailed,
    read_user,
)
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode, UsageError

User = Annotated[
    str | None,
    typer.Option("--user", metavar="ID", parser=read_user, show_default=False, help="The user, by their id as the sources write it."),
]
Account = Annotated[
    str | None,
    typer.Option("--account", metavar="ID", parser=read_user, show_default=False, help="The account, to show the traits of accounts."),
]
FullTraits = Annotated[bool, typer.Option("--full", help="Send each destination all values again, not only what changed.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False, help="The traits.  [default: all]")]
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="The trait.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage trait`."""
    command(group, "build", example="engage trait build revenue_90d --as-of 2026-11-23T10:00Z --dry-run")(build)
    command(group, "list", example="engage trait list")(list_all)
    command(group, "show", example="engage trait show --user u_0042")(show)
    command(group, "export", example="engage trait export revenue_90d orders_90d --output traits.csv")(export)
    command(group, "sql", example="engage trait sql revenue_90d")(sql)


def build(
    out: Output,
    names: Names = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    strict: Strict = False,
    full: FullTraits = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Compute traits, keep their values, and tell what changed.

    Values are kept with the instant from which they hold, and told to the destinations that a trait names in `sync`. The same
    instant again changes nothing. From the first build on the value of an SQL or RFM trait as of an earlier instant is known.
    """
    from engage_cli.cli.render.build import recovered_blocks
    from engage_cli.cli.render.trait_build import build_blocks, build_document
    from engage_cli.service.trait_build import build_traits

    check_detailed(detailed_exit_code, dry_run=dry_run)
    folder = out.project(project)
    result = build_traits(folder, names or (), as_of=as_of, dry_run=dry_run, strict=strict, wait=wait, full=full, progress=out.progress())
    out.tell(recovered_blocks(result))
    tell_data(out, result.data, folder, writes=not dry_run)
    out.result(lambda: build_document(result), build_blocks(result, folder, every_path=out.flags.verbose))
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.would_change else ExitCode.DONE


def list_all(out: Output, project: ProjectDir = None) -> ExitCode:
    """List the computed traits, and what each is computed of."""
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.traits import list_blocks
    from engage_cli.service.traits import list_traits

    rows = list_traits(out.project(project))
    out.result(lambda: {"traits": [fields_of(row) for row in rows]}, list_blocks(rows))
    return ExitCode.DONE


def show(
    out: Output, names: Names = None, user: User = None, account: Account = None, project: ProjectDir = None, as_of: AsOf = None
) -> ExitCode:
    """Show the computed traits of a user, or of an account.

    Of a user only their own events are read, as far as the traits are of nobody else.
    """
    from engage_cli.cli.render.traits import shown_blocks, shown_document
    from engage_cli.definitions.subjects import Subject
    from engage_cli.service.traits import show as look

    one = user or account
    if one is None or (user and account):
        raise UsageError("say whose traits: --user ID or --account ID", hint="`engage trait show --user ID`")
    of = Subject.USERS if user else Subject.ACCOUNTS
    result = look(out.project(project), one, names or (), of=of, as_of=as_of, progress=out.progress())
    tell_data(out, result.data)
    out.result(lambda: shown_document(result), shown_blocks(result))
    return ExitCode.DONE


def export(
    out: Output,
    names: Names = None,
    output: ToFile = None,
    file_format: Format = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    strict: Strict = False,
) -> ExitCode:
    """Write computed traits of everybody to a file or a pipe.

    The columns are user_id (of traits of accounts: account_id) and the traits. A file that exists is replaced. Nothing is recorded.
    """
    from engage_cli.cli.render.traits import export_blocks
    from engage_cli.service.traits import export as write

    if out.flags.as_json and output is None:
        file_format = "jsonl"
    folder = out.project(project)
    result = write(folder, names or (), as_of=as_of, strict=strict, file_format=file_format, output=output, progress=out.progress())
    tell_data(out, result.data)
    show_export(out, result, result.of.value, export_blocks(result))
    return ExitCode.DONE


def sql(out: Output, name: Name, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Print the SQL of a computed trait.

    It is one query, its parts named after the definition and commented with file and line.
    """
    from engage_cli.service.traits import sql as compile_sql

    show_sql(out, name, compile_sql(out.project(project), name, as_of=as_of, progress=out.progress()))
    return ExitCode.DONE
