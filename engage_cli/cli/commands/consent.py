"""`engage consent import`, `list`, `verify`."""

from pathlib import Path
from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import AsOf, DetailedExitCode, DryRun, ProjectDir, Wait, check_detailed, read_user
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

File = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, help="A CSV or JSONL file: user_id, channel, group, status, updated_at.")
]
Errors = Annotated[
    Path | None,
    typer.Option("--errors", metavar="PATH", show_default=False, help="Where refused rows are written.  [default: FILE.errors.csv]"),
]
User = Annotated[
    str | None, typer.Option("--user", metavar="ID", parser=read_user, show_default=False, help="The user whose states are shown.")
]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage consent`."""
    command(group, "import", example="engage consent import preferences.csv --dry-run")(import_)
    command(group, "list", example="engage consent list --user 00815")(list_)
    command(group, "verify", example="engage consent verify $TOKEN --row >> unsubscribed.jsonl")(verify)


Token = Annotated[str, typer.Argument(metavar="TOKEN", show_default=False, help="What stands for {token} in the link's address.")]
AsRow = Annotated[bool, typer.Option("--row", help="Print the row of consents that unsubscribes, as a line of JSON.")]


def import_(
    out: Output,
    file: File,
    errors: Errors = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Take in subscription states from a file.

    A row without updated_at counts from the instant on. Rows that cannot be read are written to a file of errors with the reason, and
    stop no others; the command then exits with 3. What is known already is not added again.
    """
    from engage_cli.cli.render.consents import import_blocks, import_document, refused_blocks
    from engage_cli.cli.render.data import shown_path
    from engage_cli.service.consents import import_consents

    check_detailed(detailed_exit_code, dry_run=dry_run)
    folder = out.project(project)
    result = import_consents(folder, file, as_of=as_of, errors=errors, dry_run=dry_run, wait=wait, progress=out.progress())
    if out.flags.as_json:
        out.document(import_document(result))
    else:
        out.tell(refused_blocks(result, None if result.errors_file is None else shown_path(Path(), result.errors_file)))
        out.show(import_blocks(result))
    if result.refused:
        return ExitCode.INVALID
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.added else ExitCode.DONE


def list_(out: Output, user: User = None, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Show a user's subscription states.

    Without --user it shows how many users have which state of each channel and group.
    """
    from engage_cli.cli.render.consents import states_blocks, states_document
    from engage_cli.cli.render.data import warning_blocks
    from engage_cli.service.consents import list_consents

    folder = out.project(project)
    result = list_consents(folder, user=user, as_of=as_of, progress=out.progress())
    out.tell(warning_blocks(result.data))
    out.result(lambda: states_document(result), states_blocks(result))
    return ExitCode.DONE


def verify(out: Output, token: Token, row: AsRow = False, as_of: AsOf = None) -> ExitCode:
    """Say what the token of an unsubscribe link stands for.

    The key that signed it is in the environment variable ENGAGE_UNSUBSCRIBE_KEY. Exits with 1 for a token that is none of ours, or was
    changed. Needs no project.
    """
    from engage_cli.cli.render.consents import token_blocks, token_document
    from engage_cli.service.tokens import verify_token

    result = verify_token(token, as_of=as_of)
    if row:
        out.raw([result.row])
    elif out.flags.as_json:
        out.document(token_document(result))
    else:
        out.show(token_blocks(result))
    return ExitCode.DONE
