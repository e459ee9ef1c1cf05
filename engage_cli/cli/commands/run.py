"""`engage plan`, `engage run`: everything in one go, described or done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.commands.shown import tell_data
from engage_cli.cli.options import (
    AllowChange,
    AsOf,
    DetailedExitCode,
    DryRun,
    Format,
    ProjectDir,
    Strict,
    Wait,
    check_detailed,
    read_count,
)
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

if TYPE_CHECKING:
    from engage_cli.service.run_results import RunResult

Samples = Annotated[int, typer.Option("--sample", metavar="N", parser=read_count, help="How many of those concerned to name.")]
Detailed = Annotated[bool, typer.Option("--detailed-exit-code", help="Exit with 5 if something would change.")]
SAMPLES = 3


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    command(app, "plan", example="engage plan --detailed-exit-code")(plan)
    command(app, "run", example="engage run --as-of 2026-11-23T10:00Z")(run)


def plan(
    out: Output,
    project: ProjectDir = None,
    as_of: AsOf = None,
    sample: Samples = SAMPLES,
    strict: Strict = False,
    detailed_exit_code: Detailed = False,
) -> ExitCode:
    """Show what a run now would do.

    Who would come and go, enter, move and be written to; which definitions are new, edited or gone, and what becomes of the people
    inside edited journeys. Nothing is written or recorded.
    """
    return _show_plan(out, project, as_of, sample, strict, detailed_exit_code)


def run(
    out: Output,
    project: ProjectDir = None,
    as_of: AsOf = None,
    file_format: Format = None,
    allow_change: AllowChange = False,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    strict: Strict = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Do what is due: traits, audiences, journeys, broadcasts.

    As of one instant: this is the line for cron. The same instant again changes nothing; a run that was killed, or that ended before its
    last stage, is finished by the next.
    """
    from engage_cli.cli.failures import described
    from engage_cli.cli.render.build import held_blocks
    from engage_cli.cli.render.errors import error_blocks, error_document
    from engage_cli.cli.render.run import refused_blocks, run_blocks, run_document
    from engage_cli.service.run import run_all

    check_detailed(detailed_exit_code, dry_run=dry_run)
    if dry_run:
        return _show_plan(out, project, as_of, SAMPLES, strict, detailed_exit_code)
    folder = out.project(project)
    result = run_all(
        folder,
        as_of=as_of,
        strict=strict,
        wait=wait,
        allow_change=allow_change,
        file_format=file_format,
        verbose=out.flags.verbose,
        progress=out.progress(),
    )
    _tell(out, result, folder)
    stopped = None if result.stopped is None else described(result.stopped.error)
    failure = {} if stopped is None else error_document(*stopped)
    out.result(lambda: run_document(result) | failure, run_blocks(result, folder, every_path=out.flags.verbose))
    out.tell(held_blocks(result))
    out.tell(refused_blocks(result))
    if stopped is not None:
        if not out.flags.as_json:
            out.tell(error_blocks(stopped[0], out.texts_of(stopped[0])))
        return ExitCode(stopped[1])
    return ExitCode.FAILED if result.held or result.refused else ExitCode.DONE


def _show_plan(out: Output, project: ProjectDir, as_of: AsOf, sample: int, strict: bool, detailed: bool) -> ExitCode:
    from engage_cli.cli.render.build import held_blocks
    from engage_cli.cli.render.run import missing_blocks, plan_blocks, refused_blocks, run_document
    from engage_cli.service.run import run_all

    folder = out.project(project)
    result = run_all(folder, as_of=as_of, dry_run=True, strict=strict, samples=sample, verbose=out.flags.verbose, progress=out.progress())
    _tell(out, result, folder)
    out.result(lambda: run_document(result), plan_blocks(result))
    out.tell(missing_blocks(result))
    out.tell(held_blocks(result))
    out.tell(refused_blocks(result))
    if result.held or result.refused:
        return ExitCode.FAILED
    return ExitCode.WOULD_CHANGE if detailed and result.would_change else ExitCode.DONE


def _tell(out: Output, result: "RunResult", folder: Path) -> None:
    """What was recovered, and what is odd about the data: stages read the same files, so only of the first that read any."""
    from engage_cli.cli.render.build import cost_blocks, left_out_blocks, recovered_blocks, sql_blocks
    from engage_cli.service.results.audiences import BuildResult
    from engage_cli.service.results.traits import TraitBuildResult

    results = [done.result for done in result.stages]
    for one in results:
        out.tell(recovered_blocks(one))
        if out.flags.verbose and isinstance(one, BuildResult):
            out.note(sql_blocks(one))
            out.note(cost_blocks(one))
    read = [one.data for one in results if one.data.events_read or one.data.rejects] or [one.data for one in results]
    tell_data(out, read[0], folder, writes=not result.dry_run)
    for one in results:
        if not isinstance(one, TraitBuildResult):
            out.note(left_out_blocks(one))
