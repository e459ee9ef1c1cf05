"""`engage identity show`."""

from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import AsOf, ProjectDir
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

Known = Annotated[str, typer.Argument(metavar="USER", show_default=False, help="A user's id, or any other identifier of the person.")]


def register(group: typer.Typer) -> None:
    """Add the command to `engage identity`."""
    command(group, "show", example="engage identity show ana")(show)


def show(out: Output, user: Known, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Show a person's profile: its id and all identifiers.

    Shows when and in which file each identifier was first seen, and what was not joined because of a limit or a blocked value.
    It writes nothing.
    """
    from engage_cli.cli.commands.shown import tell_data
    from engage_cli.cli.render.identity import profile_blocks, profile_document
    from engage_cli.service.identity import show_identity

    profile = show_identity(out.project(project), user, as_of=as_of, progress=out.progress())
    tell_data(out, profile.data)
    out.result(lambda: profile_document(profile), profile_blocks(profile))
    return ExitCode.DONE
