"""`engage forget`."""

from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import DetailedExitCode, DryRun, ProjectDir, Wait, check_detailed, read_user
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

Person = Annotated[
    str,
    typer.Argument(metavar="USER", parser=read_user, show_default=False, help="A user's id, or any other identifier of the person."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    command(app, "forget", example="engage forget 00815 --dry-run")(forget)


def forget(
    out: Output,
    user: Person,
    project: ProjectDir = None,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Remove a person for good.

    Takes them out of the state and the event store, and out of every universe, also where sources still name them. Hashes of their
    identifiers and addresses are kept, so that they stay out and are not contacted again. Lists the files that still name them, which
    are not changed, and the destinations that were told of them. There is no way back: try --dry-run first.
    """
    from engage_cli.cli.render.forget import forget_blocks, forget_document
    from engage_cli.service.forget import forget as forget_person

    check_detailed(detailed_exit_code, dry_run=dry_run)
    result = forget_person(out.project(project), user, dry_run=dry_run, wait=wait, progress=out.progress())
    out.result(lambda: forget_document(result), forget_blocks(result))
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.would_change else ExitCode.DONE
