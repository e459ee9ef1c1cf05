"""`sql:` conditions: one read-only SELECT over the declared sources, checked node by node against lists of what is allowed.

The engine is sealed as well before such a query runs (Engine.seal); the parser's refusal is what the author sees.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlglot
from msgspec import Struct
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError

from engage_cli.plan.needs import Catalog
from engage_cli.source import Issue, Span, did_you_mean, visible
from engage_cli.sql.allowed import ALLOWED_CLASSES, ALLOWED_NAMES
from engage_cli.sql.literals import timestamp_literal

# sqlglot says on standard error what it could not parse; the author gets a message of ours.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

AUTHORED = "authored"
"""Marks, in a node's meta, a query whose functions were checked here."""
LONGEST = 20_000


class Authored(Struct, frozen=True):
    """A checked query, and the sources that it reads."""

    query: exp.Query
    tables: frozenset[str]

    def over(self, catalog: Catalog, as_of: datetime) -> exp.Query:
        """The query over the staged sources, with `:as_of` bound."""

        def bind(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Placeholder):
                return timestamp_literal(as_of)
            if isinstance(node, exp.Table) and node.name in self.tables and node.args.get("db") is None and not _is_cte(node):
                schema, name = catalog.tables[node.name].split(".")
                alias = node.alias or node.name
                return exp.alias_(exp.table_(name, db=schema), alias, table=True)
            return node

        query = self.query.copy().transform(bind)
        assert isinstance(query, exp.Query)
        query.meta[AUTHORED] = True
        return query


class NotAllowedError(Exception):
    """The query cannot be used; the message says why, the hint what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def authored_issue(text: str, span: Span | None, declared: Iterable[str], wanted: Iterable[str] = ("user_id",)) -> Issue | None:
    """The issue of a `sql:` condition or trait, or None where it can run."""
    try:
        read_authored(text, declared, wanted)
    except NotAllowedError as problem:
        return Issue("sql", problem.message, span, problem.hint)
    return None


def read_authored(text: str, declared: Iterable[str], wanted: Iterable[str] = ("user_id",)) -> Authored:
    """Parse and check one SELECT that gives the `wanted` columns. Raises NotAllowedError."""
    known = tuple(declared)
    query = _parse(text)
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    for node in query.walk():
        _check(node, known, ctes)
    _check_paths(text, query)
    _check_output(query, wanted)
    tables = frozenset(table.name for table in query.find_all(exp.Table) if not _is_cte(table))
    return Authored(query, tables)


def _parse(text: str) -> exp.Query:
    if len(text) > LONGEST:
        raise NotAllowedError(f"the query has {len(text):,} characters; {LONGEST:,} are allowed")
    try:
        statements = [statement for statement in sqlglot.parse(text, dialect="duckdb") if statement is not None]
    except (ParseError, TokenError) as error:
        raise NotAllowedError(f"the query is no SQL that can be read: {_first_line(error)}") from error
    except (SqlglotError, RecursionError, ValueError) as error:
        raise NotAllowedError("the query cannot be read; is it nested very deeply?") from error
    if len(statements) != 1:
        raise NotAllowedError(f"`sql` takes one SELECT; here are {len(statements)} statements")
    (statement,) = statements
    if not isinstance(statement, exp.Select | exp.SetOperation):
        raise NotAllowedError(f"`sql` takes one SELECT; this is {type(statement).__name__.upper()}", "begin with SELECT or WITH")
    return statement


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if errors:
        first = errors[0]
        return visible(f"{first.get('description', 'syntax error')} near line {first.get('line')}, column {first.get('col')}")
    return visible(str(error).split("\n")[0])


def _check(node: exp.Expr, declared: tuple[str, ...], ctes: set[str]) -> None:
    match node:
        case exp.Table():
            _check_table(node, declared, ctes)
        case exp.Placeholder():
            if node.name != "as_of":
                raise NotAllowedError(f"`:{visible(node.name)}` is no parameter", "`:as_of` is the only one: the run's instant")
        case exp.Into() | exp.Command() | exp.DDL() | exp.DML() | exp.Parameter() | exp.Lock() | exp.Copy():
            raise NotAllowedError(f"`sql` only reads; {type(node).__name__.upper()} is not allowed")
        case exp.TableSample():
            raise NotAllowedError("a sample gives another answer each time", "use a `random` condition beside `sql`")
        case exp.Pivot():
            raise NotAllowedError("PIVOT is not allowed in `sql`", "use aggregates with FILTER")
        case exp.Cast() | exp.And() | exp.Or() | exp.Case() | exp.If():
            pass
        case exp.Anonymous() | exp.AnonymousAggFunc():
            if node.name.lower() not in ALLOWED_NAMES:
                raise NotAllowedError(*_function_message(node.name.lower()))
        case exp.Func():
            if type(node).__name__ not in ALLOWED_CLASSES:
                raise NotAllowedError(*_function_message(node.sql_name().lower()))


_CLOCKS = frozenset(
    {"now", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "today", "get_current_timestamp"}
)


def _function_message(name: str) -> tuple[str, str | None]:
    if name in _CLOCKS:
        return f"the function `{visible(name)}` reads a clock", "use `:as_of`, the instant of the run"
    if name in ("rand", "random", "uuid", "gen_random_uuid", "setseed"):
        return f"the function `{visible(name)}` gives another answer each time", "use a `random` condition beside `sql`"
    return f"the function `{visible(name)}` is not allowed in `sql`", did_you_mean(name, ALLOWED_NAMES)


def _check_table(table: exp.Table, declared: tuple[str, ...], ctes: set[str]) -> None:
    if not isinstance(table.this, exp.Identifier):
        is_named = isinstance(table.this, exp.Func) and not isinstance(table.this, exp.Anonymous)
        name = table.this.sql_name().lower() if is_named else table.this.name
        raise NotAllowedError(
            f"`{visible(str(name))}` in FROM is not allowed: `sql` reads the declared sources only", f"there are: {', '.join(declared)}"
        )
    if table.args.get("db") is not None or table.args.get("catalog") is not None:
        raise NotAllowedError(f"`{visible(table.sql())}` has a schema", "name the source alone, such as `events`")
    if any(table.args.get(part) for part in ("version", "when", "pivots", "changes", "ordinality")):
        raise NotAllowedError(f"`{visible(table.name)}` takes nothing but an alias here")
    if table.name not in declared and table.name not in ctes:
        hint = did_you_mean(table.name, declared) or f"there are: {', '.join(declared)}"
        raise NotAllowedError(f"`{visible(table.name)}` is no source of engage.yaml", hint)


def _is_cte(table: exp.Table) -> bool:
    """Whether a WITH around the table defines its name."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_") or node.args.get("with")
        if isinstance(with_, exp.With) and any(cte.alias == table.name for cte in with_.expressions):
            return not _inside_own_definition(table, with_)
        node = node.parent
    return False


def _inside_own_definition(table: exp.Table, with_: exp.With) -> bool:
    """`with events as (select … from events)`: the inner name is the source's."""
    own = table.find_ancestor(exp.CTE)
    return own is not None and own.alias == table.name and own in with_.expressions and not with_.args.get("recursive")


def _check_paths(text: str, query: exp.Query) -> None:
    """A JSON path of several parts must be written as one (`'$.a.b'`): a bare `'a.b'` means one key to some engines, two to others."""
    for path in _paths(query):
        if len(path.expressions) > 2 and f"'{path.name}'" not in text and "'$" not in text:
            raise NotAllowedError(
                "a JSON key with a dot is ambiguous", "write it out: `'$.cart.total'`, or `'$.\"cart.total\"'` for one key"
            )


def _paths(query: exp.Query) -> Iterator[exp.JSONPath]:
    yield from query.find_all(exp.JSONPath)


def _check_output(query: exp.Query, wanted: Iterable[str]) -> None:
    names = [name for name in query.named_selects if name]
    for column in wanted:
        if column not in names:
            shown = ", ".join(visible(name) for name in names) or "nothing"
            raise NotAllowedError(f"the query must give a column `{column}`; it gives: {shown}", f"let it select {' and '.join(wanted)}")
