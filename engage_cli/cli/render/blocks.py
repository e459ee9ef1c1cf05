"""What results are rendered to: lines of styled pieces, and tables of them. Terminal and pipe print the same blocks.

Whatever prints a piece escapes it (`source.visible`), so that no name or value of somebody's data can steer a terminal.
"""

from collections.abc import Iterable
from enum import Enum, auto

from msgspec import Struct


class Style(Enum):
    """What a piece is, from which a terminal takes its colour."""

    PLAIN = auto()
    STRONG = auto()
    NAME = auto()
    DIM = auto()
    GOOD = auto()
    BAD = auto()
    WARNING = auto()


SIGNS = {"✓": "+", "✗": "-", "├─ ": "|- ", "└─ ": "`- ", "│  ": "|  ", "…": "..."}
"""The signs that we draw with, and what takes their place where they cannot be shown."""


class Piece(Struct, frozen=True):
    """Some text, or a number, of one style. `sign`: it is one of SIGNS."""

    text: str | int
    style: Style = Style.PLAIN
    sign: bool = False


class Line(Struct, frozen=True):
    """One line."""

    pieces: tuple[Piece, ...] = ()


class Column(Struct, frozen=True):
    """A column of a table. Numbers stand to the right. On a narrow terminal `wide` columns are folded, and `spare` ones left out."""

    title: str
    right: bool = False
    wide: bool = False
    spare: bool = False


class Table(Struct, frozen=True):
    """Rows under titles."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Piece, ...], ...] = ()


Block = Line | Table

EMPTY = Line()
MISSING = Piece("-", Style.DIM)
"""Stands where there is no value."""


def line(*pieces: Piece | str | int) -> Line:
    """A line of pieces; bare text and numbers are plain ones."""
    return Line(tuple(piece if isinstance(piece, Piece) else Piece(piece) for piece in pieces))


def sign(text: str, style: Style = Style.PLAIN) -> Piece:
    """One of SIGNS as a piece."""
    return Piece(text, style, sign=True)


def table(columns: Iterable[Column], rows: Iterable[Iterable[Piece | str | int]]) -> Table:
    """A table of pieces."""
    return Table(tuple(columns), tuple(line(*row).pieces for row in rows))


def strong(text: str | int) -> Piece:
    """A piece that stands out."""
    return Piece(text, Style.STRONG)


def name(text: str) -> Piece:
    """The name of something of the user's."""
    return Piece(text, Style.NAME)


def dim(text: str | int) -> Piece:
    """A piece of less weight."""
    return Piece(text, Style.DIM)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 user`, `3 users`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
