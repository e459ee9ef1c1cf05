"""The statements of a tick, written down as they run: for `journey sql`.

A tick leaves out what there is nothing to do for. So that all of it is shown whatever the data, the recorder says that somebody stands at
every step, and that what is asked of them is asked as of the tick's instant.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from textwrap import dedent
from typing import Any

from sqlglot import exp

from engage_cli.engine.base import Engine, Row
from engage_cli.state.instants import stored

Title = Callable[[str, Sequence[Any]], str | None]
"""What a statement, by its text and its values, begins: a comment to write above it, or None where it goes on."""
_COUNTED = re.compile(r"\s*SELECT count\(\*\) FROM (w_token|w_candidate|w_cut|position_now)\b")
_BOUNDS = re.compile(r"\s*SELECT min\((asked_at|entered_at)\)")


class Recorder:
    """An engine that runs what it is told, and keeps the text. Whatever it does not record it leaves to the engine that it stands for."""

    def __init__(self, engine: Engine, as_of: datetime, title: Title) -> None:
        self._engine = engine
        self._as_of = as_of
        self._title = title
        self._lines: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @property
    def text(self) -> str:
        """All statements so far, each with a semicolon, under the comments of what they begin."""
        return "\n".join(self._lines) + "\n"

    def execute(self, statement: exp.Expr | str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement, as it is written down: with its values as literals."""
        if isinstance(statement, str):
            text = bound(statement, parameters)
            self._keep(text, parameters)
            self._engine.execute(text)
        else:
            self._keep(self._engine.render(statement), parameters)
            self._engine.execute(statement)

    def create(self, name: str, query: exp.Expr, *, of_everybody: bool = False, text: str = "") -> int:
        """Make a relation, and write down how."""
        text = text or self._engine.render(query)
        self._keep(f"CREATE TEMP TABLE {exp.to_identifier(name, quoted=True).sql('duckdb')} AS\n{text}", ())
        return self._engine.create(name, query, of_everybody=of_everybody, text=text)

    def rows(self, query: exp.Expr | str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query, which decides only how the tick goes on."""
        found = self._engine.rows(query, parameters)
        if isinstance(query, str) and _COUNTED.match(query):
            return [(max(1, int(found[0][0])),)]
        if isinstance(query, str) and _BOUNDS.match(query):
            return [tuple(stored(self._as_of) for _ in found[0])]
        return found

    def _keep(self, text: str, parameters: Sequence[Any]) -> None:
        title = self._title(text, parameters)
        if title is not None:
            self._lines += ["", f"-- {title}"]
        self._lines.append(f"{dedent(text).strip()};")


def bound(statement: str, parameters: Sequence[Any]) -> str:
    """A constant statement of ours with literals in place of its question marks."""
    values = iter(parameters)
    return "".join(part if part != "?" else _literal(next(values)) for part in _parts(statement))


def _parts(statement: str) -> Iterator[str]:
    """The text between question marks, and these; one in a string literal is text."""
    for part in re.split(r"('(?:[^']|'')*')", statement):
        if part.startswith("'"):
            yield part
        else:
            yield from re.split(r"(\?)", part)


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return repr(value)
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case list() | tuple():
            return f"[{', '.join(_literal(one) for one in value)}]"
        case _:
            return exp.Literal.string(str(value)).sql("duckdb")
