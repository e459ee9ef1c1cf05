"""Blocks on a terminal: colours, tables that fit the width, numbers with separators."""

from collections.abc import Iterable
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from engage_cli.cli.render.blocks import SIGNS, Block, Line, Piece, Style, Table
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
                console.print(_rich_table(block, signs))


def _text(piece: Piece, signs: bool) -> Text:
    style = _STYLES[piece.style]
    if piece.sign:
        text = str(piece.text)
        return Text(text if signs else SIGNS.get(text, text), style)
    return Text(f"{piece.text:,}" if isinstance(piece.text, int) else visible(piece.text), style)


def _rich_table(table: Table, signs: bool) -> RichTable:
    """A table whose wide column is cut where the terminal is narrow; without one, all columns are folded."""
    drawn = RichTable(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    cut = any(column.wide for column in table.columns)
    rows = [[_text(piece, signs) for piece in row] for row in table.rows]
    for place, column in enumerate(table.columns):
        title = Text(visible(column.title))
        widest = max(cell_len(cells[place].plain) for cells in [*rows, [title] * len(table.columns)])
        drawn.add_column(
            title,
            justify="right" if column.right else "left",
            overflow=("ellipsis" if signs else "crop") if cut else "fold",
            no_wrap=cut,
            min_width=widest if cut and not column.wide else None,
        )
    for cells in rows:
        drawn.add_row(*cells)
    return drawn
