"""`engage state backup`, `restore`, `check`."""

from pathlib import Path
from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import ProjectDir, Wait
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

Destination = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="The copy, which must not exist.  [default: one beside the state]"),
]
Source = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A file that `engage state backup` wrote.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage state`."""
    command(group, "backup", example="engage state backup backups/monday.duckdb")(backup)
    command(group, "restore", example="engage state restore backups/monday.duckdb")(restore)
    command(group, "check", example="engage state check")(check)


def backup(out: Output, destination: Destination = None, project: ProjectDir = None, wait: Wait = 30.0) -> ExitCode:
    """Copy the state to a file."""
    from engage_cli.cli.render.data import shown_path
    from engage_cli.cli.render.project import backup_blocks
    from engage_cli.service.keep import backup as copy_state

    folder = out.project(project)
    path = copy_state(folder, destination, wait=wait)
    out.result(lambda: {"path": str(path)}, backup_blocks(shown_path(Path(), path)))
    return ExitCode.DONE


def restore(out: Output, source: Source, project: ProjectDir = None, wait: Wait = 30.0) -> ExitCode:
    """Put a backup in place of the state.

    The backup is checked first, and the state that was there is kept beside it.
    """
    from engage_cli.cli.render.data import shown_path
    from engage_cli.cli.render.project import restore_blocks
    from engage_cli.service.keep import restore as restore_state

    folder = out.project(project)
    earlier = restore_state(folder, source, wait=wait)
    out.result(
        lambda: {"restored": str(source), "earlier": None if earlier is None else str(earlier)},
        restore_blocks(source, None if earlier is None else shown_path(Path(), earlier)),
    )
    return ExitCode.DONE


def check(out: Output, project: ProjectDir = None, wait: Wait = 30.0) -> ExitCode:
    """Verify every invariant of the state.

    Exits with 1 where one is broken.
    """
    from engage_cli.cli.render.documents import findings_document
    from engage_cli.cli.render.project import findings_blocks
    from engage_cli.service.keep import check_state

    findings = check_state(out.project(project), wait=wait)
    out.result(lambda: findings_document(findings), findings_blocks(findings))
    return ExitCode.FAILED if findings else ExitCode.DONE
