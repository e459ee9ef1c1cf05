"""Journeys: what a tick did."""

from collections.abc import Iterator
from typing import Any

from engage_cli.cli.render.blocks import Block, Column, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.documents import fields_of, instant
from engage_cli.service.results import JourneyChange, TickResult

_COLUMNS = (Column("journey"), Column("entered", right=True), Column("moves", right=True), Column("ended", right=True))


def tick_blocks(result: TickResult) -> Iterator[Block]:
    """The result of a tick: a row a journey, and the sum."""
    if result.journeys:
        yield table(_COLUMNS, (_row(change) for change in result.journeys))
    as_of = instant(result.as_of)
    entered, moved = sum(one.entered for one in result.journeys), sum(one.moved for one in result.journeys)
    if result.dry_run:
        yield line(strong("dry run"), f" of {counted(len(result.journeys), 'journey')} as of {as_of}; nothing was written")
    elif not result.journeys:
        yield line(f"{counted(len(result.unchanged), 'journey')} stood so as of {as_of} before: nothing changed")
    else:
        yield line(f"{counted(len(result.journeys), 'journey')} as of {as_of}: {entered} entered, {counted(moved, 'move')}")
        yield from (line(f"wrote {path}") for path in result.written)
    for one in result.unwritten:
        yield line(Piece("warning", Style.WARNING), f": who comes to the list {one} is kept in the state, but not written to a file yet")


def _row(change: JourneyChange) -> tuple[Piece, ...]:
    counts = (change.entered, change.moved, change.ended)
    return (name(change.name), *(Piece(count, Style.GOOD) if count else dim(0) for count in counts))


def tick_document(result: TickResult) -> dict[str, Any]:
    """`journey tick` for machines."""
    return {
        "as_of": instant(result.as_of),
        "dry_run": result.dry_run,
        "run": result.run,
        "journeys": [fields_of(one) for one in result.journeys],
        "unchanged": list(result.unchanged),
        "unwritten_lists": list(result.unwritten),
        "written": [path.as_posix() for path in result.written],
    }
