"""`engage deliver`."""

from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import AsOf, DetailedExitCode, DryRun, ProjectDir, Wait, check_detailed
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

Run = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN", show_default=False, help="The run, by the name of its folder or its id.  [default: all that have messages left]"
    ),
]
Resend = Annotated[
    bool, typer.Option("--resend-uncertain", help="Send those again of which nobody knows whether they were sent: some may come twice.")
]
ResendRefused = Annotated[bool, typer.Option("--resend-refused", help="Send those again that were refused, once what was wrong is mended.")]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    command(app, "deliver", example="engage deliver 20261123T100000Z-1a2b3c4d")(deliver)


def deliver(
    out: Output,
    run: Run = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    resend_uncertain: Resend = False,
    resend_refused: ResendRefused = False,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Hand messages to mail servers and webhooks.

    Each message is handed over once, however often this runs or is cut off. Where the answer of a server was lost, the message is
    uncertain, and is not sent again by itself. Exits with 1 if a message was refused, waits or is uncertain.
    """
    from engage_cli.cli.commands.shown import tell_data
    from engage_cli.cli.render.deliver import delivery_blocks, delivery_document, warning_blocks
    from engage_cli.service.deliver import deliver as hand_over

    check_detailed(detailed_exit_code, dry_run=dry_run)
    folder = out.project(project)
    result = hand_over(
        folder,
        run,
        as_of=as_of,
        resend_uncertain=resend_uncertain,
        resend_refused=resend_refused,
        dry_run=dry_run,
        wait=wait,
        progress=out.progress(),
    )
    tell_data(out, result.data)
    if out.flags.as_json:
        out.document(delivery_document(result))
    else:
        out.show(delivery_blocks(result))
    out.tell(warning_blocks(result))
    if dry_run:
        would_send = any(one.sent for one in result.channels)
        return ExitCode.WOULD_CHANGE if detailed_exit_code and would_send else ExitCode.DONE
    return ExitCode.DONE if result.is_whole else ExitCode.FAILED
