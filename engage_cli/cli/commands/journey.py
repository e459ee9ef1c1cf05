"""`engage journey …`: people's ways through journeys."""

from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.commands.shown import tell_data
from engage_cli.cli.options import AsOf, DryRun, ProjectDir, Strict, Wait
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False, help="The journeys.  [default: all]")]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage journey`."""
    command(group, "tick", example="engage journey tick --as-of 2026-11-23T10:00Z")(tick)


def tick(
    out: Output,
    names: Names = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Let people enter and move through journeys up to an instant.

    What happens hinges on the events and the definitions, not on how often this runs.
    """
    from engage_cli.cli.render.journeys import tick_blocks, tick_document
    from engage_cli.service.tick import tick_journeys

    folder = out.project(project)
    result = tick_journeys(folder, names or (), as_of=as_of, dry_run=dry_run, strict=strict, wait=wait, progress=out.progress())
    tell_data(out, result.data)
    if out.flags.as_json:
        out.document(tick_document(result))
    else:
        out.show(tick_blocks(result))
    return ExitCode.DONE
