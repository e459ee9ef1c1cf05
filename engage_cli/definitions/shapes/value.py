"""Shapes of what stands on the right side of a comparison: literals, references, durations, periods, paths."""

import re

from engage_cli.definitions.paths import Path, PathError, parse_path
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ByForm, Definitions, Json, Named, Shape, any_of
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, unquoting_hint
from engage_cli.definitions.values import (
    ContextRef,
    Day,
    Duration,
    Instant,
    Literal,
    Number,
    Period,
    Reference,
    StepRef,
    Text,
    TraitRef,
    Unit,
    Value,
)
from engage_cli.definitions.yaml_nodes import Node, Scalar, described, shortened

# ---- paths ---------------------------------------------------------------------------------------------------------

_NAME = r'[^.\[\]"]+'
_BRACKETS = r'\["(?:[^"\\]|\\.)+"\]'
_REST = rf"(?:\.{_NAME}|\[\]|{_BRACKETS})*"
PATH_PATTERN = rf"^(?:{_NAME}|{_BRACKETS}){_REST}$"
RELATIVE_PATH_PATTERN = rf"^(?:{_NAME}|{_BRACKETS}|\[\]){_REST}$"


def read_path(text: str, node: Node, reading: Reading, *, relative: bool = False) -> Path:
    """The path that a text spells; problems are reported at the node."""
    try:
        return parse_path(text, relative=relative)
    except PathError as error:
        hint = """a name that has a dot, a bracket or a quote in it is written in brackets: '["utm.source"]'"""
        message = str(error) if len(text) < 80 else f"{shortened(text)} is no path"
        reading.fail("path", message, node.span, hint)


_PATH = TextShape("a name or a path, such as `plan` or `cart.total`", schema={"pattern": PATH_PATTERN})
PATH: Shape[Path] = Named("path", _PATH.expected, lambda: _PATH.then(read_path))

# ---- durations and periods -----------------------------------------------------------------------------------------

_DURATION = re.compile(r"([0-9]+) +(second|minute|hour|day|week|month|year)s?")
DURATION_PATTERN = r"^0*[1-9][0-9]* +(?:second|minute|hour|day|week|month|year)s?$"
_ABBREVIATED = re.compile(r"([0-9]+) *(s|sec|m|min|h|hr|d|w|wk|mo|mon|y|yr)s?", re.IGNORECASE)
_UNABBREVIATED = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "mon": "month", "y": "year"}
_LONGEST = {
    Unit.SECOND: 200 * 366 * 86400,
    Unit.MINUTE: 200 * 366 * 1440,
    Unit.HOUR: 200 * 366 * 24,
    Unit.DAY: 200 * 366,
    Unit.WEEK: 200 * 53,
    Unit.MONTH: 200 * 12,
    Unit.YEAR: 200,
}


class DurationShape(Shape[Duration]):
    """A duration such as `30 days`, of some units only if so said."""

    usual = "a duration such as `30 days`"

    def __init__(self, expected: str = usual, units: tuple[Unit, ...] = tuple(Unit)) -> None:
        self.expected = expected
        self._units = units

    def read(self, node: Node, reading: Reading) -> Duration:
        if not isinstance(node, Scalar) or not isinstance(node.value, Text):
            raise self.mismatch(node, reading, _duration_hint(node.text) if isinstance(node, Scalar) else None)
        match = _DURATION.fullmatch(node.text)
        if match is None:
            reading.fail("duration", f"expected {self.expected}, found {described(node)}", node.span, _duration_hint(node.text))
        digits, unit = match[1].lstrip("0"), Unit(match[2])
        if unit not in self._units:
            reading.fail("duration", f"expected {self.expected}, found {described(node)}", node.span)
        if not digits:
            reading.fail("duration", f"expected {self.expected}, and {shortened(node.text)} is no time at all", node.span)
        if len(digits) > 12 or int(digits) > _LONGEST[unit]:
            reading.fail("too-long", f"{shortened(node.text)} is too long: a duration is at most 200 years", node.span)
        return Duration(int(digits), unit)

    def schema(self, definitions: Definitions) -> Json:
        units = "|".join(unit.value for unit in self._units)
        pattern = DURATION_PATTERN if self._units == tuple(Unit) else rf"^0*[1-9][0-9]* +(?:{units})s?$"
        return {"type": "string", "pattern": pattern, "examples": ["30 days", "1 hour"]}


def _duration_hint(text: str) -> str | None:
    if len(text) > 40:
        return None
    if match := _ABBREVIATED.fullmatch(text):
        unit = _UNABBREVIATED.get(match[2].lower()) or _UNABBREVIATED[match[2][0].lower()]
        return f"write `{match[1]} {unit}s`"
    if re.fullmatch(r"[0-9]+", text):
        return f"say of what: `{text} days`"
    if re.fullmatch(r"-[0-9].*|[0-9]+\.[0-9]+ .*", text):
        return "the number is whole and positive"
    if match := re.fullmatch(r"([0-9]+) *([A-Za-z]+)", text):
        for unit in Unit:
            if match[2].lower().rstrip("s") == unit.value:
                return f"write `{match[1]} {unit.value}s`"
    return "units are seconds, minutes, hours, days, weeks, months and years"


DURATION: Shape[Duration] = Named("duration", DurationShape.usual, DurationShape)
_PERIODS = {period.value: period for period in Period}
PERIOD: Shape[Period] = Named("period", "a calendar period", lambda: Choice("a calendar period", _PERIODS))

# ---- literals ------------------------------------------------------------------------------------------------------

_DATE_PATTERN = r"^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:[Zz]|[-+]\d{2}(?::?\d{2})?))?)?$"
TEMPORAL_SCHEMA: Json = {"type": "string", "pattern": _DATE_PATTERN, "examples": ["2026-01-05", "2026-01-05T09:00Z"]}
_NULL_HINT = "`exists: false` says that there is no value, `exists: true` that there is one"


class LiteralShape(Shape[Literal]):
    """Any single value but null and empty text."""

    expected = "a value"

    def read(self, node: Node, reading: Reading) -> Literal:
        if not isinstance(node, Scalar) or node.value is None:
            raise self.mismatch(node, reading, _NULL_HINT if isinstance(node, Scalar) else None)
        if node.value == Text(""):
            reading.fail("empty", "empty text counts as missing, so that nothing equals it", node.span, "write `exists: false`")
        return node.value

    def schema(self, definitions: Definitions) -> Json:
        return {"type": ["string", "number", "boolean"], "minLength": 1}


class TemporalShape(Shape[Day | Instant]):
    """A date or an instant."""

    expected = "a date or an instant, such as `2026-01-05` or `2026-01-05T09:00Z`"

    def read(self, node: Node, reading: Reading) -> Day | Instant:
        if not isinstance(node, Scalar) or not isinstance(node.value, Day | Instant):
            raise self.mismatch(node, reading, _temporal_hint(node), code=_temporal_code(node))
        return node.value

    def schema(self, definitions: Definitions) -> Json:
        return TEMPORAL_SCHEMA


class OrderedShape(Shape[Number | Day | Instant]):
    """What has an order: a number, a date or an instant."""

    expected = "a number, a date or an instant"

    def read(self, node: Node, reading: Reading) -> Number | Day | Instant:
        if not isinstance(node, Scalar) or not isinstance(node.value, Number | Day | Instant):
            hint = unquoting_hint(node) or _temporal_hint(node) or "texts are compared with `eq`, `in`, `starts_with` and the like"
            raise self.mismatch(node, reading, hint, code=_temporal_code(node))
        return node.value

    def schema(self, definitions: Definitions) -> Json:
        return any_of([{"type": "number"}, TEMPORAL_SCHEMA])


class NumberLiteral(Shape[Number]):
    """A number as a literal; whole and from 0 on where it is a count."""

    def __init__(self, *, is_count: bool = False) -> None:
        self.expected = "a whole number from 0 on" if is_count else "a number"
        self._is_count = is_count

    def read(self, node: Node, reading: Reading) -> Number:
        if not isinstance(node, Scalar) or not isinstance(node.value, Number):
            raise self.mismatch(node, reading, unquoting_hint(node))
        if self._is_count and (isinstance(node.value.value, float) or node.value.value < 0):
            reading.fail("range", f"expected {self.expected}, found {described(node)}", node.span)
        return node.value

    def schema(self, definitions: Definitions) -> Json:
        return {"type": "integer", "minimum": 0} if self._is_count else {"type": "number"}


def _temporal_code(node: Node) -> str:
    """A date in quotes is wrong by its style only, which JSON does not know."""
    is_quoted_date = isinstance(node, Scalar) and isinstance(node.value, Text) and re.fullmatch(_DATE_PATTERN, node.text)
    return "quoting" if is_quoted_date else "type"


def _temporal_hint(node: Node) -> str | None:
    if not isinstance(node, Scalar) or not isinstance(node.value, Text):
        return None
    if not node.plain and re.fullmatch(_DATE_PATTERN, node.text):
        return f"quoted, this is text; write {node.text} without quotes"
    if re.fullmatch(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*", node.text):
        return "write it as year-month-day, two digits for month and day"
    return None


LITERAL: Shape[Literal] = Named("literal", LiteralShape.expected, LiteralShape)
TEMPORAL: Shape[Day | Instant] = Named("date_or_instant", TemporalShape.expected, TemporalShape)
ORDERED: Shape[Number | Day | Instant] = Named("ordered", OrderedShape.expected, OrderedShape)
TEXT_LITERAL: Shape[Text] = TextShape().then(lambda text, _node, _reading: Text(text))

# ---- references ----------------------------------------------------------------------------------------------------

_TRAIT_REF = Key("trait", PATH, "The subject's own trait.", required=True)
_STEP_REF = Key(
    "ref",
    TextShape(
        "a step's `as` and a property of its event, such as `viewed.product_id`",
        schema={"pattern": rf"^{_NAME}(?:\.{_NAME}|\[\]|{_BRACKETS}){_REST}$"},
    ),
    "A property of the event that an earlier step of the sequence took: its `as`, a dot, the path.",
    required=True,
)


def _trait_reference(fields: Fields, reading: Reading) -> Reference:
    path = fields[_TRAIT_REF]
    if path.has_each:
        reading.fail(
            "reference",
            f"a reference names one value, and `{path}` has `[]`",
            fields.span(_TRAIT_REF),
            "a list stands for its elements by itself",
        )
    return TraitRef(path)


def _step_reference(fields: Fields, reading: Reading) -> Reference:
    node = fields.node.entries[0].value
    path = read_path(fields[_STEP_REF], node, reading)
    if len(path.parts) < 2:
        reading.fail("reference", f"`{path}` names a step but no property of its event", node.span, f"write `{path}.product_id`")
    if path.has_each:
        reading.fail(
            "reference", f"a reference names one value, and `{path}` has `[]`", node.span, "a list stands for its elements by itself"
        )
    return StepRef(path.name, Path(path.parts[1:]))


_CONTEXT_PATTERN = rf"^(?:{_NAME}|{_BRACKETS})(?:\.{_NAME}|\[\]|{_BRACKETS}){_REST}$"
CONTEXT_REF = Key(
    "context",
    TextShape("`entry` or the name of a hold's branch, and a property, such as `entry.cart_id`", schema={"pattern": _CONTEXT_PATTERN}),
    "A property of the event that entered, or of the one that a hold's branch took: `entry` or the branch's name, a dot, the path.",
    required=True,
)


def context_path(fields: Fields, reading: Reading) -> Path:
    """The path into the context that a record's `context` spells."""
    entry = fields.node.entry(CONTEXT_REF.name)
    assert entry is not None
    path = read_path(fields[CONTEXT_REF], entry.value, reading)
    if reading.journey is None:
        hint = "outside journeys, compare with a trait (`{trait: …}`) or a value"
        reading.outside_journeys("`context` is what an instance of a journey carries", entry.value.span, hint)
    if len(path.parts) < 2:
        reading.fail("reference", f"`{path}` names no property of an event", entry.value.span, f"write `{path}.cart_id` or the like")
    return path


def _context_reference(fields: Fields, reading: Reading) -> Reference:
    path = context_path(fields, reading)
    if path.has_each:
        span, hint = fields.span(CONTEXT_REF), "a list stands for its elements by itself"
        reading.fail("reference", f"a reference names one value, and `{path}` has `[]`", span, hint)
    return ContextRef(path)


REFERENCE_KEYS = ("trait", "ref", "context")
CONTEXT_REFERENCE: Record[Reference] = Record("a reference to the context", [CONTEXT_REF], _context_reference)
TRAIT_REFERENCE: Record[Reference] = Record("a reference to a trait", [_TRAIT_REF], _trait_reference)
_REFERENCE: Shape[Reference] = Kinds(
    "a reference",
    {
        "trait": TRAIT_REFERENCE,
        "ref": Record("a reference to a step", [_STEP_REF], _step_reference),
        "context": CONTEXT_REFERENCE,
    },
)
REFERENCE: Shape[Reference] = Named("reference", _REFERENCE.expected, lambda: _REFERENCE)


def value_of(literal: Shape[Value]) -> Shape[Value]:
    """A literal of a shape, or a reference."""
    hints = {"list": "one value stands here; `in` and `contains_any` take a list", "null": _NULL_HINT}
    return ByForm(f"{literal.expected} or a reference", scalar=literal, mapping=REFERENCE, hints=hints)


VALUE: Shape[Value] = value_of(LITERAL)
