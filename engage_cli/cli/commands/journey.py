"""`engage journey …`: people's ways through journeys."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.commands.shown import show_sql, tell_data
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
    read_every,
    read_instant,
    read_output,
    read_picture_format,
    read_user,
)
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

if TYPE_CHECKING:
    from engage_cli.definitions.journey import JourneyStatus

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False, help="The journeys.  [default: all]")]


Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="The journey.")]
PictureFile = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", parser=read_output, show_default=False, help="The file to write; standard output without it."),
]
PictureFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        parser=read_picture_format,
        show_default=False,
        help="mermaid or svg.  [default: by the file's name, else mermaid]",
    ),
]


User = Annotated[
    str, typer.Option("--user", metavar="ID", parser=read_user, show_default=False, help="The person, by any id that they had.")
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="VALUE", show_default=False, help="Only the instance of this key.  [default: all of them]")
]
From = Annotated[
    datetime, typer.Option("--from", metavar="INSTANT", parser=read_instant, show_default=False, help="Nothing before it enters.")
]
To = Annotated[datetime, typer.Option("--to", metavar="INSTANT", parser=read_instant, show_default=False, help="Until when it is played.")]
Every = Annotated[
    str | None,
    typer.Option(
        "--every",
        metavar="DURATION",
        parser=read_every,
        show_default=False,
        help="How often it is ticked, such as 1h or 1 day.  [default: once]",
    ),
]
Sample = Annotated[int, typer.Option("--sample", metavar="NUMBER", parser=read_count, help="How many people's ways to show.")]
Bare = Annotated[bool, typer.Option("--bare", help="Without how many people came by and are there.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage journey`."""
    command(group, "list", example="engage journey list")(list_all)
    command(group, "status", example="engage journey status cart_recovery")(status)
    command(group, "show", example="engage journey show cart_recovery --user u_0042")(show)
    command(group, "graph", example="engage journey graph cart_recovery --output cart_recovery.svg")(graph)
    command(group, "simulate", example="engage journey simulate cart_recovery --from 2026-11-01 --to 2026-11-15")(simulate)
    command(group, "sql", example="engage journey sql cart_recovery")(sql)
    command(group, "pause", example="engage journey pause cart_recovery")(pause)
    command(group, "resume", example="engage journey resume cart_recovery")(resume)
    command(group, "archive", example="engage journey archive cart_recovery")(archive)
    command(group, "exit", example="engage journey exit cart_recovery --user u_0042")(take_out)
    command(group, "tick", example="engage journey tick --as-of 2026-11-23T10:00Z")(tick)


def list_all(out: Output, project: ProjectDir = None) -> ExitCode:
    """List the journeys, whether they run, and who enters them."""
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.journeys import list_blocks
    from engage_cli.service.journeys import list_journeys

    rows = list_journeys(out.project(project))
    out.result(lambda: {"journeys": [fields_of(row) for row in rows]}, list_blocks(rows))
    return ExitCode.DONE


def status(out: Output, name: Name, project: ProjectDir = None) -> ExitCode:
    """Show who stands where in a journey, and how people went.

    Every step with who is there, who came and went on, and how long that took; as the last tick left it.
    """
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.journey_status import status_blocks
    from engage_cli.service.journey_status import journey_status

    standing = journey_status(out.project(project), name, progress=out.progress())
    out.result(lambda: fields_of(standing), status_blocks(standing))
    return ExitCode.DONE


def show(out: Output, name: Name, user: User, project: ProjectDir = None) -> ExitCode:
    """Show one person's way through a journey.

    Every time that they entered: each move with its instant and its cause, what was made on the way, and what they wait for now.
    """
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.journey_show import person_blocks
    from engage_cli.service.journey_show import journey_of_person

    person = journey_of_person(out.project(project), name, user, progress=out.progress())
    if person.absence is not None and person.absence.explanation is not None and person.absence.explanation.data is not None:
        tell_data(out, person.absence.explanation.data)
    out.result(lambda: fields_of(person), person_blocks(person, whole=out.flags.verbose))
    return ExitCode.DONE


def graph(
    out: Output,
    name: Name,
    output: PictureFile = None,
    picture_format: PictureFormat = None,
    bare: Bare = False,
    project: ProjectDir = None,
) -> ExitCode:
    """Draw a journey: its steps, their ways on, and what ends it.

    With how many people came by and are there, once a tick has seen it. As Mermaid text, which GitHub and many editors draw, or as an SVG
    file. A file that exists is replaced.
    """
    from engage_cli.cli.render.journeys import drawn_blocks, graph_document
    from engage_cli.service.journeys import graph as draw

    text = draw(out.project(project), name, picture_format, output, counts=not bare)
    if out.flags.as_json:
        out.document(graph_document(name, text, output))
    elif output is None:
        out.raw(text.removesuffix("\n").split("\n"))
    else:
        out.show(drawn_blocks(name, output))
    return ExitCode.DONE


def simulate(
    out: Output,
    name: Name,
    since: From,
    until: To,
    every: Every = None,
    sample: Sample = 5,
    project: ProjectDir = None,
    strict: Strict = False,
) -> ExitCode:
    """Play a journey over the past, as it is written now.

    As if it had gone live at --from and been ticked until --to. Nothing is written, and what really happened in it does not count.
    """
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.simulation import simulation_blocks
    from engage_cli.definitions.values import Duration, Unit
    from engage_cli.service.simulate import simulate as play

    amount, _, unit = every.partition(" ") if every else ("", "", "")
    often = Duration(int(amount), Unit(unit)) if every else None
    result = play(out.project(project), name, since, until, every=often, sample=sample, strict=strict, progress=out.progress())
    tell_data(out, result.data)
    out.result(lambda: fields_of(result), simulation_blocks(result))
    return ExitCode.DONE


def sql(out: Output, name: Name, project: ProjectDir = None, as_of: AsOf = None) -> ExitCode:
    """Print the SQL of a tick of a journey.

    Every statement in its order, as if somebody stood at each step, commented with file and line.
    """
    from engage_cli.service.journey_sql import sql as record

    show_sql(out, name, record(out.project(project), name, as_of=as_of, progress=out.progress()))
    return ExitCode.DONE


def pause(out: Output, name: Name, project: ProjectDir = None, as_of: AsOf = None, wait: Wait = 30.0) -> ExitCode:
    """Let nobody enter a journey; those inside go on.

    From an instant on, until `engage journey resume`. Who would have entered meanwhile does not later.
    """
    from engage_cli.definitions.journey import JourneyStatus

    return _by_hand(out, name, JourneyStatus.PAUSED, project, as_of, wait)


def resume(out: Output, name: Name, project: ProjectDir = None, as_of: AsOf = None, wait: Wait = 30.0) -> ExitCode:
    """Let a journey run again as its definition says.

    It ends what `engage journey pause` or `engage journey archive` began, from an instant on.
    """
    from engage_cli.definitions.journey import JourneyStatus

    return _by_hand(out, name, JourneyStatus.LIVE, project, as_of, wait)


def archive(out: Output, name: Name, project: ProjectDir = None, as_of: AsOf = None, wait: Wait = 30.0) -> ExitCode:
    """Let nothing move in a journey.

    Nobody enters, and those inside stay where they are, until `engage journey resume`.
    """
    from engage_cli.definitions.journey import JourneyStatus

    return _by_hand(out, name, JourneyStatus.ARCHIVED, project, as_of, wait)


def _by_hand(out: Output, name: str, status: "JourneyStatus", project: Path | None, as_of: datetime | None, wait: float) -> ExitCode:
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.journey_hand import hand_blocks
    from engage_cli.service.journey_hand import set_by_hand

    result = set_by_hand(out.project(project), name, status, as_of=as_of, wait=wait)
    out.result(lambda: fields_of(result), hand_blocks(result))
    return ExitCode.DONE


def take_out(
    out: Output,
    name: Name,
    user: User,
    key: Key = None,
    project: ProjectDir = None,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Take a person out of a journey.

    Their open instances end at the journey's clock, and messages that wait are not sent. Who is not inside stays out.
    """
    from engage_cli.cli.render.documents import fields_of
    from engage_cli.cli.render.journey_hand import exit_blocks
    from engage_cli.service.journey_hand import take_out as stop

    check_detailed(detailed_exit_code, dry_run=dry_run)
    result = stop(out.project(project), name, user, key=key, dry_run=dry_run, wait=wait)
    out.result(lambda: {**fields_of(result), "dry_run": dry_run}, exit_blocks(result, dry_run=dry_run))
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.stopped else ExitCode.DONE


def tick(
    out: Output,
    names: Names = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
    strict: Strict = False,
    allow_change: AllowChange = False,
    file_format: Format = None,
    dry_run: DryRun = False,
    detailed_exit_code: DetailedExitCode = False,
    wait: Wait = 30.0,
) -> ExitCode:
    """Let people enter and move through journeys up to an instant.

    What happens hinges on the events and the definitions, not on how often this runs.
    """
    from engage_cli.cli.render.build import held_blocks, left_out_blocks, recovered_blocks
    from engage_cli.cli.render.journeys import tick_blocks, tick_document
    from engage_cli.service.tick import tick_journeys

    check_detailed(detailed_exit_code, dry_run=dry_run)
    folder = out.project(project)
    result = tick_journeys(
        folder,
        names or (),
        as_of=as_of,
        dry_run=dry_run,
        strict=strict,
        wait=wait,
        allow_change=allow_change,
        file_format=file_format,
        progress=out.progress(),
    )
    out.tell(recovered_blocks(result))
    tell_data(out, result.data, folder, writes=not dry_run)
    out.note(left_out_blocks(result))
    out.result(lambda: tick_document(result, verbose=out.flags.verbose), tick_blocks(result))
    out.tell(held_blocks(result))
    if result.held:
        return ExitCode.FAILED
    return ExitCode.WOULD_CHANGE if detailed_exit_code and result.would_change else ExitCode.DONE
