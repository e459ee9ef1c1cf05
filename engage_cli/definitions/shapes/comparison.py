"""Shapes of comparisons: operators with their operands. docs/values.md says what each takes and means."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from engage_cli.definitions.comparisons import Comparison, ListFile, Op, Operand, Test
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.regex import regex_problem
from engage_cli.definitions.shapes.base import ByForm, Json, ListOf, Shape
from engage_cli.definitions.shapes.key_rules import AtLeastOne, Beside
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, TextShape
from engage_cli.definitions.shapes.value import (
    DURATION,
    LITERAL,
    ORDERED,
    PERIOD,
    REFERENCE,
    TEMPORAL,
    TEXT_LITERAL,
    VALUE,
    DurationShape,
    NumberLiteral,
    value_of,
)
from engage_cli.definitions.values import Day, Instant, Number, StepRef, Text, Unit, Value
from engage_cli.definitions.yaml_nodes import Node
from engage_cli.source import Span

FOLDING = (
    Op.EQ,
    Op.NE,
    Op.IN,
    Op.NOT_IN,
    Op.IN_FILE,
    Op.CONTAINS,
    Op.CONTAINS_ANY,
    Op.NOT_CONTAINS,
    Op.STARTS_WITH,
    Op.ENDS_WITH,
    Op.MATCHES,
    Op.NOT_MATCHES,
)
"""The operators that `ignore_case` concerns."""

# ---- operands ------------------------------------------------------------------------------------------------------


def _is_regex(pattern: str, node: Node, reading: Reading) -> Operand:
    if (problem := regex_problem(pattern)) is not None:
        reading.fail("regex", f"this is no regular expression: {problem[0]}", node.span, problem[1])
    return Text(pattern)


def _list_file(path: str, node: Node, reading: Reading) -> Operand:
    reading.mention(Mentioned.LIST_FILE, path, node.span)
    return ListFile(path)


_REGEX: Shape[Operand] = TextShape("a regular expression").then(_is_regex)
_LIST_FILE: Shape[Operand] = TextShape("the path of a CSV file in the project folder").then(_list_file)
_ORDERED = value_of(ORDERED)
_MOMENT = value_of(TEMPORAL)
_TEXT = value_of(TEXT_LITERAL)
_COUNT = NumberLiteral(is_count=True)
_NUMBER = NumberLiteral()


def _several(value: Shape[Value], *, or_reference: bool) -> Shape[Operand]:
    hints = {"scalar": "put it in a list: `[…]`, or use `eq`"}
    values: Shape[Operand] = ListOf(value, "a list of at least one value", if_empty="nothing is in an empty list")
    if not or_reference:
        return values
    return ByForm("a list of values or a reference", sequence=values, mapping=REFERENCE, hints=hints)


_OF_ONE_KIND: Json = {"not": {"allOf": [{"contains": {"type": "number"}}, {"contains": {"type": "string"}}]}}
"""Not a number beside a date."""


def _between(value: Shape[Value]) -> Shape[Operand]:
    return ListOf(value, "a list of two values, the lower one first", at_least=2, at_most=2).then(_in_order, _OF_ONE_KIND)


def _in_order(pair: tuple[Value, ...], node: Node, reading: Reading) -> Operand:
    match pair:
        case (Number(), Day() | Instant()) | (Day() | Instant(), Number()):
            reading.fail("type", "`between` takes two numbers, or two dates or instants, not one of each", node.span)
        case (Number(low), Number(high)):
            is_reversed = low > high
        case (Day() | Instant() as first, Day() | Instant() as last):
            is_reversed = certainly_after(first, last)
        case _:
            is_reversed = False  # a reference is known only with the data
    if is_reversed:
        message = "the first value of `between` is greater than the second, so that nothing lies between them"
        reading.fail("impossible", message, node.span, "swap them")
    return pair


def certainly_after(one: Day | Instant, other: Day | Instant) -> bool:
    """Whether `one` begins after `other` is over, whatever the zone of those that name none."""
    if isinstance(one, Instant) and isinstance(other, Instant) and one.value.tzinfo and other.value.tzinfo:
        return one.value > other.value
    return _instants(one)[0] > _instants(other)[1]


def _instants(value: Day | Instant) -> tuple[datetime, datetime]:
    """The earliest and the latest instant that a value can mean, as comparable local readings."""
    if isinstance(value, Day):
        return datetime.combine(value.value, time.min), datetime.combine(value.value, time.max)
    moment = value.value
    if moment.tzinfo is None:
        return moment, moment
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    slack = timedelta(hours=15)
    first, last = datetime.combine(date.min, time.min), datetime.combine(date.max, time.max)
    return max(first + slack, plain) - slack, min(last - slack, plain) + slack


# ---- operators -----------------------------------------------------------------------------------------------------


def _key(op: Op, operand: Shape[Operand], description: str) -> Key[Test]:
    return Key(op.value, operand.then(lambda value, node, _reading: Test(op, value, node.span)), description)


_NUMERIC_OPS: tuple[tuple[Op, str], ...] = (
    (Op.EQ, "Equal."),
    (Op.NE, "Not equal."),
    (Op.GT, "Greater."),
    (Op.GTE, "Greater or equal."),
    (Op.LT, "Less."),
    (Op.LTE, "Less or equal."),
)


def _numeric(value: Shape[Value]) -> list[Key[Test]]:
    several = _several(value, or_reference=False)
    return [
        *(_key(op, value, description) for op, description in _NUMERIC_OPS),
        _key(Op.BETWEEN, _between(value), "From the first to the second, both included."),
        _key(Op.IN, several, "Equal to any of these."),
        _key(Op.NOT_IN, several, "Equal to none of these."),
    ]


def _in_time(moment: Shape[Value]) -> list[Key[Test]]:
    return [
        _key(Op.BEFORE, moment, "Strictly before an instant, or before the first of a day."),
        _key(Op.AFTER, moment, "Strictly after an instant, or after the last of a day."),
        _key(Op.SINCE, moment, "From an instant or the start of a day on, included."),
        _key(Op.UNTIL, moment, "Up to an instant, excluded, or up to the end of a day."),
        _key(Op.WITHIN_LAST, DURATION, "In (as_of − D, as_of]."),
        _key(Op.WITHIN_NEXT, DURATION, "In (as_of, as_of + D]."),
        _key(Op.OLDER_THAN, DURATION, "At or before as_of − D."),
        _key(Op.LATER_THAN, DURATION, "After as_of + D."),
        _key(Op.PERIOD, PERIOD, "In a calendar period of as_of, in the project's zone."),
    ]


def _all_operators() -> list[Key[Test]]:
    any_of_them = _several(VALUE, or_reference=True)
    anniversary = DurationShape("whole days or weeks, such as `7 days`", (Unit.DAY, Unit.WEEK))
    return [
        _key(Op.EQ, VALUE, "Equal, as the literal's type; any element of a list."),
        _key(Op.NE, VALUE, "Not equal, or missing."),
        _key(Op.GT, _ORDERED, "Greater than a number, after an instant or a day."),
        _key(Op.GTE, _ORDERED, "Greater or equal, from an instant or a day on."),
        _key(Op.LT, _ORDERED, "Less than a number, before an instant or a day."),
        _key(Op.LTE, _ORDERED, "Less or equal, up to an instant or the end of a day."),
        _key(Op.BETWEEN, _between(_ORDERED), "From the first to the second, both included."),
        _key(Op.IN, any_of_them, "Equal to any of these."),
        _key(Op.NOT_IN, any_of_them, "Equal to none of these, or missing."),
        _key(Op.IN_FILE, _LIST_FILE, "One of the values in the first column of a CSV file in the project folder."),
        _key(Op.CONTAINS, VALUE, "A list: any element equals; a text: has this text in it."),
        _key(Op.NOT_CONTAINS, VALUE, "Not `contains`, or missing."),
        _key(Op.CONTAINS_ANY, _several(LITERAL, or_reference=False), "`contains` any of these."),
        _key(Op.STARTS_WITH, _TEXT, "The text begins so."),
        _key(Op.ENDS_WITH, _TEXT, "The text ends so."),
        _key(Op.MATCHES, _REGEX, "The regular expression (RE2) is found somewhere in the text."),
        _key(Op.NOT_MATCHES, _REGEX, "Not `matches`, or missing."),
        _key(Op.EXISTS, BOOLEAN, "true: has a value; false: is missing, null or empty text."),
        *_in_time(_MOMENT),
        _key(Op.ANNIVERSARY_WITHIN_NEXT, anniversary, "The month and day fall between today and today + N, both included."),
    ]


OPERATORS = _all_operators()
COUNT_OPERATORS = _numeric(_COUNT)
NUMBER_OPERATORS = _numeric(_NUMBER)
EXTREME_OPERATORS = [*_numeric(ORDERED), *_in_time(TEMPORAL)]
"""Those of `min` and `max`: of numbers or of instants."""

IGNORE_CASE = Key("ignore_case", BOOLEAN, "Compare texts after putting both in lower case.")

OPERATOR_HINTS = {
    **dict.fromkeys(("=", "==", "is", "equals", "equal", "equal_to"), "write `eq`"),
    **dict.fromkeys(("!=", "<>", "not", "neq", "is_not", "not_equal", "not_equals"), "write `ne`, or `not:` around the condition"),
    **dict.fromkeys((">", "greater_than", "more_than", "above"), "write `gt`"),
    **dict.fromkeys((">=", "at_least", "min_value", "greater_or_equal", "ge"), "write `gte`"),
    **dict.fromkeys(("<", "less_than", "below", "fewer_than"), "write `lt`"),
    **dict.fromkeys(("<=", "at_most", "max_value", "less_or_equal", "le"), "write `lte`"),
    **dict.fromkeys(("any_of", "one_of", "is_any_of", "is_one_of"), "write `in`"),
    **dict.fromkeys(("none_of", "nin", "notin", "is_none_of"), "write `not_in`"),
    **dict.fromkeys(("like", "ilike", "includes", "has"), "write `contains`, `starts_with`, `ends_with` or `matches`"),
    **dict.fromkeys(("regex", "regexp", "re", "rlike", "pattern"), "write `matches`"),
    **dict.fromkeys(("is_null", "null", "is_empty", "empty", "missing", "not_exists"), "write `exists: false`"),
    **dict.fromkeys(("is_not_null", "not_null", "not_empty", "is_set", "present"), "write `exists: true`"),
    **dict.fromkeys(("on_or_after", "from"), "write `since`"),
    **dict.fromkeys(
        ("within", "last", "in_last", "in_the_last"), "for a date in the past write `within_last`, in the future `within_next`"
    ),
    **dict.fromkeys(("trait", "ref"), "a reference is an operand: `eq: {trait: home_city}`"),
    **dict.fromkeys(("any", "all", "none"), "group around the whole comparison: `{any: [{price: {lt: 5}}, {price: {gt: 10}}]}`"),
    **dict.fromkeys(("case_insensitive", "case_sensitive", "ignorecase"), "write `ignore_case: true`"),
}


def at_least_one_operator(operators: Sequence[Key[Test]], message: str, hint: str) -> AtLeastOne:
    """The rule that one of the operators is there."""
    return AtLeastOne(tuple(key.name for key in operators), message, hint)


IGNORE_CASE_RULE = Beside(
    "ignore_case", tuple(op.value for op in FOLDING), "`ignore_case` concerns texts, and none of the operators here compares texts"
)


def comparison_of(operators: Sequence[Key[Test]]) -> Callable[[Fields], Comparison]:
    """Builds the comparison that a record's operators make, in the order of `Op`, whatever the order written."""

    def build(fields: Fields) -> Comparison:
        tests = fields.all_of(operators)
        return Comparison(tests, fields.get(IGNORE_CASE) or False, fields.node.span)

    return build


def _operators_alone(what: str, operators: Sequence[Key[Test]], *, with_case: bool) -> Record[Comparison]:
    build = comparison_of(operators)
    rule = at_least_one_operator(operators, f"{what} needs at least one operator, such as `{{gte: 2}}`", "add one")
    return Record(
        what,
        [*operators, *([IGNORE_CASE] if with_case else [])],
        lambda fields, _reading: build(fields),
        rules=[rule, *([IGNORE_CASE_RULE] if with_case else [])],
        hints=OPERATOR_HINTS,
    )


def bare(op: Op) -> Callable[[Operand, Node, Reading], Comparison]:
    """A bare value or list as a comparison."""

    def change(operand: Operand, node: Node, _reading: Reading) -> Comparison:
        return Comparison((Test(op, operand, node.span),), False, node.span)

    return change


COMPARISON_RECORD = _operators_alone("a comparison", OPERATORS, with_case=True)
"""`{gt: 100}`: operators in a mapping of their own."""

COUNT_COMPARISON: Shape[Comparison] = ByForm(
    "a whole number, a list of them, or a comparison such as `{gte: 2}`",
    scalar=_COUNT.then(bare(Op.EQ)),
    sequence=_several(_COUNT, or_reference=False).then(bare(Op.IN)),
    mapping=_operators_alone("a count", COUNT_OPERATORS, with_case=False),
)
"""What `count` and `days` compare with."""


def is_temporal(test: Test) -> bool | None:
    """Whether a test of `min` or `max` is of instants; None where a list has both."""
    if isinstance(test.operand, tuple):
        kinds = {isinstance(value, Day | Instant) for value in test.operand}
        return None if len(kinds) > 1 else kinds.pop()
    return not isinstance(test.operand, Number)


def check_one_reading(comparison: Comparison, span: Span, reading: Reading) -> None:
    """Report a comparison of `min` or `max` that is of numbers and of instants at once."""
    if len({is_temporal(test) for test in comparison.tests} | {None}) > 2 or any(is_temporal(test) is None for test in comparison.tests):
        reading.fail("impossible", "one comparison is with numbers or with dates and instants, not with both", span)


def check_no_steps(comparison: Comparison, reading: Reading) -> None:
    """Report a reference to a step where there are none."""
    for test in comparison.tests:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        if any(isinstance(operand, StepRef) for operand in operands):
            hint = "`ref` belongs into the `where` of a step; compare a trait with `{trait: …}`"
            reading.report("reference", "a trait cannot be compared with a step of a sequence", test.span, hint)
