"""Arithmetic over traits: `revenue_90d / orders_90d`, with + - * / and parentheses, and a few functions. Read by Python's own parser."""

import ast
from collections.abc import Iterator

from msgspec import Struct

from engage_cli.definitions.paths import Path

LONGEST = 2_000
FUNCTIONS = {"min": 2, "max": 2, "coalesce": 2, "abs": 1}
"""By name the fewest arguments. `abs` takes exactly one."""
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class ExpressionError(ValueError):
    """The text is no expression; the message says why."""


class Amount(Struct, frozen=True):
    """A number as written."""

    value: float


class OfTrait(Struct, frozen=True):
    """The value of a trait, as a number; missing where it reads as none."""

    path: Path


class Combined(Struct, frozen=True):
    """`left` + - * / `right`; missing where one of them is, or where the result is no finite number."""

    operator: str
    left: "Expression"
    right: "Expression"


class Called(Struct, frozen=True):
    """`min`, `max` (missing where a part is), `coalesce` (the first that is not missing), `abs`."""

    function: str
    parts: tuple["Expression", ...]


Expression = Amount | OfTrait | Combined | Called


def parse_expression(text: str) -> Expression:
    """Read an expression. ExpressionError with a sentence that says what is wrong."""
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression has {len(text):,} characters; {LONGEST:,} are allowed")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError("this is no arithmetic that can be read, such as `revenue_90d / orders_90d`") from error
    return _read(tree.body)


def traits_in(expression: Expression) -> Iterator[Path]:
    """The traits that an expression names, in the order written."""
    match expression:
        case OfTrait(path):
            yield path
        case Combined(_, left, right):
            yield from traits_in(left)
            yield from traits_in(right)
        case Called(_, parts):
            for part in parts:
                yield from traits_in(part)


def _read(node: ast.expr) -> Expression:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Amount(_finite(value))
        case ast.Name() | ast.Attribute():
            return OfTrait(Path(tuple(_names(node))))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Combined("-", Amount(0.0), _read(operand))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _read(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return Combined(_OPERATORS[type(operator)], _read(left), _read(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, arguments)
    raise ExpressionError("an expression takes traits, numbers, `+ - * /`, parentheses, and `min`, `max`, `abs`, `coalesce`")


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in (float("inf"), float("-inf")):
        raise ExpressionError("a number in the expression is too large")
    return number


def _names(node: ast.expr) -> list[str]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*_names(value), name]
    raise ExpressionError("a trait is named by its id or a dotted path")


def _call(name: str, arguments: list[ast.expr]) -> Expression:
    if name not in FUNCTIONS:
        raise ExpressionError(f"there is no function `{name}`; there are `min`, `max`, `abs` and `coalesce`")
    if len(arguments) < FUNCTIONS[name] or (name == "abs" and len(arguments) > 1):
        raise ExpressionError(f"`{name}` takes {'one value' if name == 'abs' else 'at least two values'}")
    return Called(name, tuple(_read(argument) for argument in arguments))
