"""Blocks on a terminal: colours, tables that fit the width, numbers with separators."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from engage_cli.cli.render.blocks import SIGNS, Block, Column, Line, Piece, Style, Table
from engage_cli.source import visible

_STYLES = {
    Style.PLAIN: "",
    Style.STRONG: "bold",
    Style.NAME: "cyan",
    Style.DIM: "dim",
    Style.GOOD: "green",
    Style.BAD: "bold red",
    Style.WARNING: "yellow",
}

_WIDE = 24
"""The room that a wide column should have."""
_GAP = 3
"""What stands between two columns."""


def console_for(stream: TextIO, *, no_color: bool = False) -> Console:
    """A console that adds nothing of its own: no markup, no emoji, no guessing what to highlight. NO_COLOR is honoured."""
    return Console(file=stream, no_color=no_color or None, markup=False, emoji=False, highlight=False)


def print_blocks(stream: TextIO, blocks: Iterable[Block], *, no_color: bool = False) -> None:
    """Print blocks on a terminal."""
    console = console_for(stream, no_color=no_color)
    signs = "utf" in console.encoding
    for block in blocks:
        match block:
            case Line(pieces):
                console.print(Text.assemble(*(_text(piece, signs) for piece in pieces)), soft_wrap=True)
            case Table():
                console.print(_rich_table(block, signs, console.width))


def _text(piece: Piece, signs: bool) -> Text:
    style = _STYLES[piece.style]
    if piece.sign:
        text = str(piece.text)
        return Text(text if signs else SIGNS.get(text, text), style)
    return Text(f"{piece.text:,}" if isinstance(piece.text, int) else visible(piece.text), style)


def _rich_table(table: Table, signs: bool, width: int) -> RichTable:
    """A table fitted to a terminal: spare columns are left out where wide ones would have too little room, and these are folded."""
    titles = [Text(visible(column.title)) for column in table.columns]
    rows = [[_text(piece, signs) for piece in row] for row in table.rows]
    widths = [max(cell_len(cells[place].plain) for cells in [titles, *rows]) for place in range(len(titles))]
    kept = _kept(table.columns, widths, width)
    any_wide = any(column.wide for column in table.columns)
    drawn = RichTable(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for place in kept:
        column = table.columns[place]
        drawn.add_column(
            titles[place],
            justify="right" if column.right else "left",
            overflow="fold",
            min_width=widths[place] if any_wide and not column.wide else None,
        )
    for cells in rows:
        drawn.add_row(*(cells[place] for place in kept))
    return drawn


def _kept(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """The places of the columns that a terminal has room for; the last spare one goes first."""
    kept = list(range(len(columns)))
    for place in reversed(range(len(columns))):
        taken = sum(min(widths[one], _WIDE) if columns[one].wide else widths[one] for one in kept) + _GAP * (len(kept) - 1)
        if columns[place].spare and taken > width:
            kept.remove(place)
    return kept
