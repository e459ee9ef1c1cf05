"""What was read, where there is something to say: rows left out, and notes on the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engage_cli.cli.render.blocks import MISSING, Block, Column, Piece, Style, counted, dim, line, table
from engage_cli.source import visible

if TYPE_CHECKING:
    from engage_cli.engine.base import OddZones, Reject
    from engage_cli.service.results.common import DataReport

_EXAMPLE = 60
REJECT_COLUMNS = (
    Column("rows", right=True),
    Column("reason"),
    Column("file"),
    Column("first row", right=True),
    Column("example", wide=True, spare=True),
)


def warning_blocks(data: DataReport, *, rejects_file: str | None = None, writes: bool = False) -> Iterator[Block]:
    """Files that are gone, and rows that cannot be read, each kind with an example and where all of them are.

    `writes`: the command is one that writes a rejects file when it is not a dry run.
    """
    for path in data.left:
        yield _warning(f"`{visible(path)}` is still being written: the next run reads it")
    for path in data.vanished:
        yield _warning(f"{path} is gone; its rows are dropped, as `on_missing_file: drop` says")
    for entity, keys in data.repeated_keys.items():
        stand = "key stands in several rows" if keys == 1 else "keys stand in several rows each"
        yield _warning(f"{keys} {stand} of `{entity}`; one row of each is taken")
    if data.odd_zones is not None:
        yield _warning(zones_text(data.odd_zones))
    if not data.rejects:
        return
    rows = sum(reject.rows for reject in data.rejects)
    yield _warning(f"{counted(rows, 'row')} cannot be read and {'is' if rows == 1 else 'are'} left out")
    yield table(REJECT_COLUMNS, (reject_row(reject) for reject in data.rejects))
    if rejects_file is not None:
        yield line("  all of them, with their reasons: ", rejects_file)
    elif not writes:
        yield line(dim("  `engage audience build` writes all of them to a rejects file"))


def zones_text(odd: OddZones) -> str:
    """That people have a zone that is none."""
    who = counted(odd.people, "person has", "people have")
    return f"{who} a time zone in `{visible(odd.trait)}` that is none, such as `{visible(odd.example)}`: it counts as missing"


def note_blocks(data: DataReport) -> Iterator[Block]:
    """How much was read, and what of it does not count, in one line."""
    if not data.events_read:
        return
    read = f"read {counted(len(data.files), 'file')}, {counted(data.events_read, 'event')}, {counted(data.users, 'user')}"
    apart = [
        (data.duplicates, "duplicate left out", "duplicates left out"),
        (data.future_events, "event after the instant", "events after the instant"),
        (data.repeated_profiles, "profile row repeats a user", "profile rows repeat a user"),
        (
            data.anonymous_calls,
            "call of somebody known only by an anonymous id left out",
            "calls of people known only by an anonymous id left out",
        ),
        (data.forgotten_rows, "row of somebody who was forgotten left out", "rows of people who were forgotten left out"),
    ]
    told = [counted(number, one, many) for number, one, many in apart if number]
    if data.store_note is not None:
        told.append(f"the event store was made anew: {data.store_note}")
    if data.kept:
        named = ", ".join(visible(path) for path in data.kept[:3]) + (", ..." if len(data.kept) > 3 else "")
        told.append(f"{counted(len(data.kept), 'file is', 'files are')} gone and kept: {named}")
    yield line(dim("; ".join([read, *told])))


def _warning(text: str) -> Block:
    return line(Piece("warning", Style.WARNING), ": ", text)


def reject_row(reject: Reject) -> tuple[Piece | str | int, ...]:
    """A row of the table of REJECT_COLUMNS."""
    first = MISSING if reject.first_row is None else Piece(reject.first_row)
    return (reject.rows, reject.reason, reject.path, first, shortened(reject.example or "", _EXAMPLE))


def shortened(text: str, width: int) -> str:
    """A text cut to a width."""
    return text if len(text) <= width else text[: width - 3] + "..."


def shown_path(folder: Path, path: Path) -> str:
    """A path from the project's folder as the user would type it from where they are."""
    whole = (folder / path).absolute()
    here = Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
