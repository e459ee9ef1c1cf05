"""Journeys: the list, a picture, what a tick did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engage_cli.cli.render.blocks import Block, Column, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.build import sync_blocks
from engage_cli.cli.render.documents import fields_of, instant

if TYPE_CHECKING:
    from engage_cli.service.results.journeys import JourneyChange, JourneyRow, MessageCount, TickResult

_COLUMNS = (Column("journey"), Column("entered", right=True), Column("moves", right=True), Column("ended", right=True))
_LIST_COLUMNS = (
    Column("journey"),
    Column("status"),
    Column("enters", wide=True),
    Column("steps", right=True),
    Column("description", wide=True, spare=True),
)


def list_blocks(rows: Sequence[JourneyRow]) -> Iterator[Block]:
    """Every journey."""
    if not rows:
        yield line("the project has no journeys yet; write one in campaigns/journeys/, such as:")
        yield line("  journey: welcome")
        yield line("  entry: {on: {event: Signed Up}}")
        yield line("  steps: [{delay: 1 day}, {send: welcome, channel: email}]")
        return
    yield table(
        _LIST_COLUMNS, ((name(row.name), Piece(row.status), Piece(row.entry), Piece(row.steps), Piece(row.description)) for row in rows)
    )
    yield line(counted(len(rows), "journey"))


def drawn_blocks(journey: str, output: Path) -> Iterator[Block]:
    """Where a picture was written."""
    yield line(f"the picture of {journey} written to {output}")


def graph_document(journey: str, text: str, output: Path | None) -> dict[str, Any]:
    """`journey graph` for machines."""
    return {"journey": journey, "graph": text if output is None else None, "file": None if output is None else str(output)}


def tick_blocks(result: TickResult) -> Iterator[Block]:
    """The result of a tick."""
    yield from result_blocks(result)
    yield from (line(f"wrote {path}") for path in result.written)


def result_blocks(result: TickResult) -> Iterator[Block]:
    """What a tick did, without what it wrote: a row a journey, and the sum."""
    busy = [one for one in result.journeys if one.entered or one.moved or one.ended]
    if busy:
        yield table(_COLUMNS, (_row(change) for change in busy))
    if len(busy) < len(result.journeys):
        yield line(dim(f"nothing happened in {counted(len(result.journeys) - len(busy), 'journey')}"))
    yield from sync_blocks(result.syncs, "list")
    as_of = instant(result.as_of)
    entered, moved = sum(one.entered for one in result.journeys), sum(one.moved for one in result.journeys)
    if result.dry_run:
        yield line(strong("dry run"), f" of {counted(len(result.journeys), 'journey')} as of {as_of}; nothing was written")
    elif not result.journeys and result.run is None:
        yield line(f"{counted(len(result.unchanged), 'journey')} stood so as of {as_of} before: nothing changed")
    else:
        yield line(f"{counted(len(result.journeys), 'journey')} as of {as_of}: {entered} entered, {counted(moved, 'move')}")
        yield from message_blocks([one for one in result.messages if one.kind == "journey"])
        others = sorted((one for one in result.messages if one.kind != "journey"), key=_campaign)
        for campaign, counts in groupby(others, key=_campaign):
            yield from message_blocks(tuple(counts), campaign)


def _campaign(one: MessageCount) -> str:
    return one.campaign


def message_blocks(counts: Sequence[MessageCount], campaign: str | None = None) -> Iterator[Block]:
    """What became of messages: how many were sent, and how many not, by the reason. `campaign`: the broadcast that all of them are of."""
    of = () if campaign is None else (" of ", name(campaign))
    found: Counter[str] = Counter()
    for one in counts:
        found[one.outcome] += one.count
    sent, deferred = found.pop("sent", 0), found.pop("deferred", 0)
    if sent:
        yield line(counted(sent, "message"), *of, " sent")
    if found:
        reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(found.items()))
        yield line(counted(sum(found.values()), "message"), *of, f" not sent: {reasons}")
    if deferred:
        yield line(counted(deferred, "message"), *of, " to be sent later")


def _row(change: JourneyChange) -> tuple[Piece, ...]:
    counts = (change.entered, change.moved, change.ended)
    return (name(change.name), *(Piece(count, Style.GOOD) if count else dim(0) for count in counts))


def tick_document(result: TickResult, *, verbose: bool = False) -> dict[str, Any]:
    """`journey tick` for machines. `verbose`: with what it took, which alone differs from run to run."""
    return {
        "as_of": instant(result.as_of),
        "dry_run": result.dry_run,
        "run": result.run,
        "journeys": [fields_of(one) for one in result.journeys],
        "unchanged": list(result.unchanged),
        "messages": [fields_of(one) for one in result.messages],
        "syncs": [fields_of(one) for one in result.syncs],
        "would_change" if result.dry_run else "changed": result.would_change,
        "written": [path.as_posix() for path in result.written],
        **({"timings": [fields_of(one) for one in result.timings]} if verbose else {}),
    }
