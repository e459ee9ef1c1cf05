"""From the compiler's AST to DuckDB's SQL: each function of our own becomes DuckDB's, everything else must be on a list.

Engines differ in what they call things and in what the same name means. Only what is known to mean the same may pass:
an AST node or a function that is not listed here is a bug of the compiler, not something to try on the data.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from sqlglot import exp

from engage_cli.engine.allowed import ALLOWED, ALLOWED_FUNCTIONS
from engage_cli.engine.days import days_macro
from engage_cli.engine.zones import local_macro, reading_macro, utc_macro
from engage_cli.sql.authored import AUTHORED
from engage_cli.sql.functions import LOCAL_FUNCTIONS

Lower = Callable[[Sequence[exp.Expr]], exp.Expr]


class CompilerError(Exception):
    """The compiler emitted something that the engine does not know: a bug of engage, never the user's fault."""


def render(expression: exp.Expr) -> str:
    """The DuckDB SQL of a statement or expression, laid out to be read, with its comments.

    The expression is used up: who needs it later passes a copy, for copying a large one costs as much as all the rest.
    """
    return _lowered(expression).sql(dialect="duckdb", pretty=True, copy=False)


def render_piece(expression: exp.Expr) -> str:
    """The DuckDB SQL of a part of a statement, on one line, without comments. Names and literals, of which there are most, at once."""
    match expression:
        case exp.Identifier(quoted=True):
            return '"' + expression.name.replace('"', '""') + '"'
        case exp.Literal(is_string=True) if "\x00" not in expression.name:
            return "'" + expression.name.replace("'", "''") + "'"
        case _:
            return _lowered(expression.copy()).sql(dialect="duckdb", comments=False, copy=False)


def _lowered(expression: exp.Expr) -> exp.Expr:
    """The expression with every function of our own made DuckDB's. CompilerError for what is not allowed."""
    _check(expression)
    return _printable(expression.transform(_lower_node, copy=False))


class Macros(Struct, frozen=True):
    """The macros that the lowered expression calls: of zones (engine/zones.py), of readings of text, each in two zones, of forms
    (engine/normal.py), and of stretches of so many days (engine/days.py)."""

    zones: frozenset[str]
    readings: frozenset[tuple[str, str]]
    normals: frozenset[str]
    days: frozenset[int]


def macros_of(expression: exp.Expr) -> Macros:
    """What has to be there when the lowered expression runs."""
    calls = [node for node in nodes(expression) if isinstance(node, exp.Anonymous)]
    readings = [_zones(call) for call in calls if call.name == "E_TIME"]
    return Macros(
        frozenset(zone for call in calls if call.name in _ZONED for zone in _zones(call)),
        frozenset((source, project) for source, project in readings),
        frozenset(call.expressions[1].name for call in calls if call.name == "E_NORMAL"),
        frozenset(int(call.expressions[2].name) for call in calls if call.name == "E_DAYS"),
    )


def nodes(expression: exp.Expr, without: Callable[[exp.Expr], bool] | None = None) -> Iterator[exp.Expr]:
    """Every node of an expression but for some and what is in them, in no order that matters.

    It takes half as long as `walk`, and each statement is gone over several times.
    """
    stack = [expression]
    while stack:
        node = stack.pop()
        if without is not None and without(node):
            continue
        yield node
        for value in node.args.values():
            if isinstance(value, exp.Expr):
                stack.append(value)
            elif isinstance(value, list):
                stack.extend(one for one in value if isinstance(one, exp.Expr))


def _zones(zoned: exp.Anonymous) -> list[str]:
    return [argument.name for argument in zoned.expressions[1:]]


# ---- what may pass -----------------------------------------------------------------------------------------------------


def _check(expression: exp.Expr) -> None:
    # An author's own SELECT is checked against a list of its own (sql/authored.py) and marked so.
    for node in nodes(expression, lambda node: isinstance(node, exp.Query) and bool(node.meta.get(AUTHORED))):
        if isinstance(node, exp.Anonymous):
            if node.name not in LOCAL_FUNCTIONS and node.name.lower() not in ALLOWED_FUNCTIONS:
                raise CompilerError(f"the function {node.name} is not known to the engine")
        elif type(node) not in ALLOWED:
            raise CompilerError(f"{type(node).__name__} is not known to the engine: {node.sql()[:200]}")


def _printable(expression: exp.Expr) -> exp.Expr:
    """NUL in a literal would end the statement's text, and control characters in a comment could end the comment."""
    for node in list(nodes(expression)):
        if node.comments:
            node.comments = ["".join(char if char.isprintable() else " " for char in comment) for comment in node.comments]
        if isinstance(node, exp.Literal) and node.is_string and "\x00" in node.name:
            pieces: list[exp.Expr] = [exp.Literal.string(piece) for piece in node.name.split("\x00")]
            joined = pieces[0]
            for piece in pieces[1:]:
                joined = exp.DPipe(this=exp.DPipe(this=joined, expression=call("CHR", exp.Literal.number(0))), expression=piece)
            replacement = exp.paren(joined)
            if node is expression:
                return replacement
            node.replace(replacement)
    return expression


# ---- functions of our own ----------------------------------------------------------------------------------------------


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a DuckDB function or macro by its name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _lower_node(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Anonymous) or node.name not in LOCAL_FUNCTIONS:
        return node
    lowered = TABLE[node.name](node.expressions)
    # `transform` does not come back to what it replaced: its arguments are lowered here.
    return lowered.transform(_lower_node, copy=False)


def pointer(names: Sequence[str]) -> str:
    """The JSON Pointer (RFC 6901) of a path of names: digits index a list or name a key, nothing else is special."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _json(arguments: Sequence[exp.Expr]) -> exp.Expr:
    value, *names = arguments
    return call("JSON_EXTRACT", value, exp.Literal.string(pointer([name.name for name in names])))


def _time(arguments: Sequence[exp.Expr]) -> exp.Expr:
    value, source_zone, project_zone = arguments
    return call(reading_macro(source_zone.name, project_zone.name), value)


def _utc(arguments: Sequence[exp.Expr]) -> exp.Expr:
    local, zone = arguments
    return local if zone.name == "UTC" else call(utc_macro(zone.name), local)


def _local(arguments: Sequence[exp.Expr]) -> exp.Expr:
    instant, zone = arguments
    return instant if zone.name == "UTC" else call(local_macro(zone.name), instant)


def _bucket(arguments: Sequence[exp.Expr]) -> exp.Expr:
    salt, key = arguments
    salted = exp.DPipe(this=exp.DPipe(this=salt, expression=exp.Literal.string(":")), expression=key)
    digits = call("SUBSTR", call("MD5", salted), exp.Literal.number(1), exp.Literal.number(8))
    return exp.cast(exp.DPipe(this=exp.Literal.string("0x"), expression=digits), "BIGINT")


def _round(arguments: Sequence[exp.Expr]) -> exp.Expr:
    # DuckDB's round(v, 9) multiplies and divides, which moves one value in twenty by a bit; printing nine places is exact.
    return exp.cast(call("FORMAT", exp.Literal.string("{:.9f}"), arguments[0]), "DOUBLE")


def _over_elements(arguments: Sequence[exp.Expr]) -> exp.Expr:
    elements, name, body = arguments
    return call("LIST_TRANSFORM", elements, exp.Lambda(this=body, expressions=[name]))


def _any(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Coalesce(this=call("LIST_BOOL_OR", _over_elements(arguments)), expressions=[exp.false()])


def _each(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Coalesce(this=_over_elements(arguments), expressions=[exp.Array(expressions=[])])


def _plus(arguments: Sequence[exp.Expr]) -> exp.Expr:
    instant, seconds = arguments
    return exp.paren(exp.Add(this=instant, expression=call("TO_SECONDS", seconds)))


def _months(arguments: Sequence[exp.Expr]) -> exp.Expr:
    local, months = arguments
    return exp.paren(exp.Add(this=local, expression=call("TO_MONTHS", months)))


def _full_days(arguments: Sequence[exp.Expr]) -> exp.Expr:
    # Cast, for what is missing by its definition is a NULL of no type.
    earlier, later = (call("EPOCH_US", exp.cast(instant, "TIMESTAMP")) for instant in arguments)
    passed = exp.paren(exp.Sub(this=later, expression=earlier))
    return exp.cast(call("FLOOR", exp.Div(this=passed, expression=exp.Literal.number(_DAY))), "BIGINT")


def _days(arguments: Sequence[exp.Expr]) -> exp.Expr:
    day, first, count = arguments
    return call(days_macro(int(count.name)), day, exp.cast(first, "DATE"))


def _only(arguments: Sequence[exp.Expr]) -> exp.Expr:
    value, what = arguments
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
    return exp.Case(ifs=[exp.If(this=several, true=call("ERROR", what))], default=call("ANY_VALUE", value))


def _list(arguments: Sequence[exp.Expr]) -> exp.Expr:
    value, place = arguments
    return call("TO_JSON", call("LIST", exp.Order(this=value, expressions=[exp.Ordered(this=place, nulls_first=True)])))


def _named(name: str) -> Lower:
    return lambda arguments: call(name, *arguments)


_DAY = 86_400_000_000
"""Microseconds."""
_ZONED = frozenset({"E_UTC", "E_LOCAL", "E_DAY", "E_TIME"})

TABLE: dict[str, Lower] = {
    "E_JSON": _json,
    "E_TEXT": _named("TEXT_OF_JSON"),
    "E_NUM": _named("NUMBER_OF_TEXT"),
    "E_BOOL": _named("BOOLEAN_OF_TEXT"),
    "E_TIME": _time,
    "E_PRESENT": _named("IS_PRESENT"),
    "E_ELEMENTS": _named("ELEMENTS_OF_JSON"),
    "E_ANY": _any,
    "E_EACH": _each,
    "E_UTC": _utc,
    "E_LOCAL": _local,
    "E_DAY": lambda arguments: exp.cast(_local(arguments), "DATE"),
    "E_DAYS": _days,
    "E_BUCKET": _bucket,
    "E_ROUND": _round,
    "E_SUM": _named("EXACT_SUM"),
    "E_MATCH": _named("REGEXP_MATCHES"),
    "E_CONTAINS": _named("CONTAINS"),
    "E_STARTS": _named("STARTS_WITH"),
    "E_ENDS": _named("SUFFIX"),
    "E_PLUS": _plus,
    "E_MONTHS": _months,
    "E_START": lambda arguments: exp.cast(call("DATE_TRUNC", arguments[1], arguments[0]), "TIMESTAMP"),
    "E_FIRST": lambda arguments: call("ARG_MIN", arguments[0], call("ROW", *arguments[1:])),
    "E_LAST": lambda arguments: call("ARG_MAX", arguments[0], call("ROW", *arguments[1:])),
    "E_SORTED_LIST": lambda arguments: call("TO_JSON", call("LIST_SORT", call("LIST_DISTINCT", call("LIST", *arguments)))),
    "E_LIST": _list,
    "E_FULL_DAYS": _full_days,
    "E_NUMBER_TEXT": _named("TEXT_OF_DOUBLE"),
    "E_FINITE": _named("FINITE_NUMBER"),
    "E_TO_JSON": _named("TO_JSON"),
    "E_ONLY": _only,
    "E_NORMAL": lambda arguments: call(f"NORMAL_{arguments[1].name.upper()}", arguments[0]),
    "E_SHA256": _named("SHA256"),
}
"""One template a function of sql/functions.py. The readings are macros (engine/macros.py), so that the SQL stays readable."""
