"""SQL of the engine's own: constant text with holes that take AST nodes, never text.

Reading files is DuckDB's own business and its own dialect, which is easier to read as SQL than as calls that build it.
What fills a hole is a sqlglot node (a quoted name, a literal, a lowered expression) or another such piece, so that no value
of a definition, and no name that a file brings along, is ever pasted in as text.
"""

from collections.abc import Iterable
from string import Formatter

from msgspec import Struct
from sqlglot import exp

from engage_cli.engine.lowering import render_piece


class Sql(Struct, frozen=True):
    """A piece of DuckDB SQL that was made by `sql`."""

    text: str

    def __str__(self) -> str:
        return self.text


Hole = Sql | exp.Expr | Iterable["Sql | exp.Expr"]


TRUE, FALSE, NULL = Sql("TRUE"), Sql("FALSE"), Sql("NULL")


def sql(template: str, /, **holes: Hole) -> Sql:
    """The template with each `{name}` filled. A list fills its hole with commas between. Braces of SQL are doubled."""
    out = []
    for text, name, _, _ in Formatter().parse(template):
        out.append(text)
        if name is not None:
            out.append(_filled(holes[name]))
    return Sql("".join(out))


def joined(separator: str, pieces: Iterable[Sql | exp.Expr]) -> Sql:
    """The pieces with a constant between them."""
    return Sql(separator.join(_filled(piece) for piece in pieces))


def _filled(hole: Hole) -> str:
    if isinstance(hole, Sql):
        return hole.text
    if isinstance(hole, exp.Expr):
        return render_piece(hole)
    return ", ".join(_filled(piece) for piece in hole)


def identifier(name: str) -> exp.Expr:
    """A quoted name."""
    return exp.to_identifier(name, quoted=True)


def literal(value: str | int) -> exp.Expr:
    """A text or whole-number literal."""
    if isinstance(value, int):
        number = exp.Literal.number(abs(value))
        return exp.Neg(this=number) if value < 0 else number
    return exp.Literal.string(value)


def text_list(values: Iterable[str]) -> Sql:
    """A list literal of texts."""
    return sql("[{values}]", values=[literal(value) for value in values])
