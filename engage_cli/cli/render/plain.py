"""Blocks as plain text for pipes and files: one row a line, columns aligned and two spaces apart, numbers without separators."""

from collections.abc import Iterable, Iterator

from engage_cli.cli.render.blocks import SIGNS, Block, Column, Line, Piece, Table
from engage_cli.source import visible


def plain_lines(blocks: Iterable[Block], *, signs: bool = True) -> Iterator[str]:
    """The lines of blocks, without their ends. `signs`: whether the reader can take more than ASCII for them."""
    for block in blocks:
        match block:
            case Line(pieces):
                yield "".join(plain(piece, signs=signs) for piece in pieces).rstrip()
            case Table():
                yield from _table_lines(block, signs)


def plain(piece: Piece, *, signs: bool = True) -> str:
    """The text of a piece, safe to be shown."""
    text = str(piece.text)
    if piece.sign:
        return text if signs else SIGNS.get(text, text)
    return visible(text)


def _table_lines(table: Table, signs: bool) -> Iterator[str]:
    cells = [[visible(column.title) for column in table.columns]]
    cells += [[plain(piece, signs=signs) or "-" for piece in row] for row in table.rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(table.columns))]
    for row in cells:
        yield "  ".join(_aligned(*cell) for cell in zip(row, widths, table.columns, strict=True)).rstrip()


def _aligned(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.right else text.ljust(width)
