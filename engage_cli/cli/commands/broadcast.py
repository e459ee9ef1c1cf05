"""`engage broadcast …`: one message to many people at one time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.commands.shown import tell_data
from engage_cli.cli.options import (
    AsOf,
    DetailedExitCode,
    DryRun,
    Format,
    ProjectDir,
    Strict,
    Wait,
    check_detailed,
    read_user,
)
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from engage_cli.service.broadcast_results import BroadcastsResult

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="The broadcast.")]
User = Annotated[
    str, typer.Option("--user", metavar="ID", parser=read_user, show_default=False, help="The person, by any id that they had.")
]
Now = Annotated[bool, typer.Option("--now", help="Also before its `send_at`: to everybody at once, whatever their clock shows.")]
Seeds = Annotated[
    Path | None,
    typer.Option(
        "--seeds",
        metavar="FILE",
        show_default=False,
        help="Write test messages to the addresses of FILE only: one a line, or CSV with `address` and traits. Nothing is recorded.",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage broadcast`."""
    command(group, "list", example="engage broadcast list")(list_all)
    command(group, "status", example="engage broadcast status black_friday")(status)
    command(group, "preview", example="engage broadcast preview black_friday --user u_0042")(preview)
    command(group, "send", example="engage broadcast send black_friday --dry-run")(send)
    command(group, "cancel", example="engage broadcast cancel black_friday")(cancel)


def list_all(out: Output, project: ProjectDir = None) -> ExitCode:
    """List the broadcasts, when they are sent, and to how many."""
    from engage_cli.cli.render.broadcasts import list_blocks
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.service.broadcast_status import list_broadcasts

    rows = list_broadcasts(out.project(project))
    out.result(lambda: {"broadcasts": [fields_of(row) for row in rows]}, list_blocks(rows))
    return ExitCode.DONE


def status(out: Output, name: Name, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Show who got a broadcast, and what came of it.

    By variant how many were delivered, opened and clicked, and how many people reached the goal, beside the control, as far as events tell
    by an instant. People count in the variant that they were drawn for, whether or not a message reached them.
    """
    from engage_cli.cli.render.broadcasts import status_blocks, status_document
    from engage_cli.service.broadcast_status import broadcast_status

    standing = broadcast_status(out.project(project), name, as_of=as_of, progress=out.progress())
    tell_data(out, standing.data)
    out.result(lambda: status_document(standing), status_blocks(standing))
    return ExitCode.DONE


def preview(out: Output, name: Name, user: User, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Show what one person gets of a broadcast, or why not.

    As a run at an instant would decide, or, before the broadcast's `send_at`, as one at that moment would by what is known now; of a
    message that was decided about, what was decided. Nothing is written.
    """
    from engage_cli.cli.render.broadcasts import preview_blocks
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.service.broadcast_preview import preview_broadcast

    result = preview_broadcast(out.project(project), name, user, as_of=as_of, progress=out.progress())
    tell_data(out, result.data)
    out.result(lambda: fields_of(result), preview_blocks(result))
    return ExitCode.DONE


def send(
    out: Output,
    name: Name,
    project: ProjectDir = None,
    as_of: AsOf = None,
    now: Now = False,
    seeds: Seeds = None,
    file_format: Format = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Send a broadcast, or go on with one of which messages wait.

    Its recipients are found once. Whose message is due later (quiet hours, throttle, local time, the winner of a test) gets it by a later
    `engage run`, or by this command again; to those who were decided about it sends nothing twice. --dry-run counts what would become of
    everybody, renders every message, shows two, and exits with 1 on any problem.
    """
    check_detailed(detailed_exit_code, dry_run=dry_run)
    folder = out.project(project)
    if seeds is not None:
        if now:
            raise UsageError("--seeds asks for no time", hint="leave --now out")
        given = {"--format": file_format is not None, "--strict": strict, "--detailed-exit-code": detailed_exit_code}
        if any(given.values()):
            useless = next(option for option, is_given in given.items() if is_given)
            raise UsageError(
                f"--seeds writes JSONL, reads no data and records nothing: {useless} changes none of it", hint=f"leave {useless} out"
            )
        return _send_seeds(out, folder, name, seeds, as_of, dry_run=dry_run)
    if dry_run:
        from engage_cli.service.broadcast_trial import try_broadcast

        tried = try_broadcast(folder, name, as_of=as_of, now=now, strict=strict, progress=out.progress())
        _show_sent(out, tried, folder)
        problems = () if tried.trial is None else tried.trial.problems
        if problems:
            return ExitCode.FAILED
        return ExitCode.WOULD_CHANGE if detailed_exit_code and tried.would_change else ExitCode.DONE
    from engage_cli.service.broadcasts import send_broadcast

    result = send_broadcast(folder, name, as_of=as_of, now=now, strict=strict, wait=wait, file_format=file_format, progress=out.progress())
    _show_sent(out, result, folder)
    return ExitCode.DONE


def _show_sent(out: Output, result: "BroadcastsResult", folder: Path) -> None:
    from engage_cli.cli.render.broadcasts import broadcasts_document, problem_blocks, sent_blocks
    from engage_cli.cli.render.build import recovered_blocks

    out.tell(recovered_blocks(result))
    tell_data(out, result.data, folder, writes=not result.dry_run)
    out.result(lambda: broadcasts_document(result, verbose=out.flags.verbose), sent_blocks(result))
    out.tell(problem_blocks(result))


def _send_seeds(out: Output, folder: Path, name: str, seeds: Path, as_of: AsOf, *, dry_run: bool) -> ExitCode:
    from engage_cli.cli.render.broadcasts import seeds_blocks
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.service.broadcast_seeds import send_seeds
    from engage_cli.service.workspace import load

    result = send_seeds(load(folder), folder, name, seeds, as_of=as_of, dry_run=dry_run)
    out.result(lambda: fields_of(result), seeds_blocks(result))
    return ExitCode.DONE


def cancel(
    out: Output,
    name: Name,
    project: ProjectDir = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Send nothing more of a broadcast.

    Who waits is skipped for the reason `cancelled`; what was sent stays sent. One whose time has not come is never sent.
    """
    from engage_cli.cli.render.broadcasts import cancel_blocks, cancel_document
    from engage_cli.cli.render.build import recovered_blocks
    from engage_cli.service.broadcast_cancel import cancel_broadcast

    check_detailed(detailed_exit_code, dry_run=dry_run)
    result = cancel_broadcast(out.project(project), name, as_of=as_of, dry_run=dry_run, wait=wait)
    out.tell(recovered_blocks(result))
    out.result(lambda: cancel_document(result), cancel_blocks(result))
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.changed else ExitCode.DONE
