"""The shape of `where`: paths with what their values must be like, and groups of such.

The keys of a where are paths, `all`, `any`, `none` and `not`. Inside an element (`"items[]": {…}`) paths are relative, and a
mapping of nothing but operators compares the element itself.
"""

from collections.abc import Iterator

from engage_cli.definitions.comparisons import Comparison, Element, Field, Op, Operand, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.paths import EACH, Path
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ByForm, Definitions, Json, ListOf, Named, Shape, any_of, collected
from engage_cli.definitions.shapes.comparison import COMPARISON_RECORD, IGNORE_CASE, OPERATORS, bare
from engage_cli.definitions.shapes.value import LITERAL, PATH_PATTERN, REFERENCE, REFERENCE_KEYS, RELATIVE_PATH_PATTERN, VALUE, read_path
from engage_cli.definitions.values import StepRef
from engage_cli.definitions.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence
from engage_cli.source import Span

GROUPS = ("all", "any", "none", "not")
OPERATOR_NAMES = frozenset({*(key.name for key in OPERATORS), IGNORE_CASE.name})
RESERVED = OPERATOR_NAMES | set(REFERENCE_KEYS)
"""A mapping of these alone is a comparison or a reference, not the where of an element."""


class _Compared(Shape[Comparison]):
    """A mapping on the right of a path: operators, or a reference that the value equals."""

    expected = "a comparison such as `{gt: 100}`, or a reference"

    def read(self, node: Node, reading: Reading) -> Comparison:
        if not isinstance(node, Mapping):
            raise self.mismatch(node, reading)
        if set(node.keys) & set(REFERENCE_KEYS) and not set(node.keys) & OPERATOR_NAMES:
            return bare(Op.EQ)(REFERENCE.read(node, reading), node, reading)
        return COMPARISON_RECORD.read(node, reading)

    def schema(self, definitions: Definitions) -> Json:
        return any_of([REFERENCE.schema(definitions), COMPARISON_RECORD.schema(definitions)])


_BARE_LIST: Shape[Operand] = ListOf(VALUE, "a list of at least one value", if_empty="nothing is in an empty list")

_EQUAL: Shape[Operand] = LITERAL

VALUE_COMPARISON: Shape[Comparison] = Named(
    "comparison",
    "a value, a list of values or a comparison",
    lambda: ByForm(
        "a value, a list of values or a comparison such as `{gt: 100}`",
        scalar=_EQUAL.then(bare(Op.EQ)),
        sequence=_BARE_LIST.then(bare(Op.IN)),
        mapping=_Compared(),
        hints={"null": "`{exists: false}` says that there is no value"},
    ),
)


class WhereShape(Shape[Where]):
    """A where, at the top or inside an element."""

    def __init__(self, *, in_element: bool) -> None:
        self.expected = "a `where`: a mapping of properties, such as `{revenue: {gt: 100}}`"
        self._in_element = in_element

    def read(self, node: Node, reading: Reading) -> Where:
        if not isinstance(node, Mapping):
            raise self.mismatch(node, reading)
        if not node.whole:
            reading.give_up()
        if not node.entries:
            reading.fail("empty", f"expected {self.expected}, found an empty mapping", node.span, "leave `where` out to take every event")
        if self._in_element and set(node.keys) <= RESERVED:
            return Field(None, _Compared().read(node, reading), node.span)
        parts = collected(lambda entry: self._part(entry, reading), node.entries)
        return parts[0] if len(parts) == 1 else WhereAll(parts)

    def _part(self, entry: Entry, reading: Reading) -> Where:
        if entry.key in GROUPS:
            return self._group(entry, reading)
        path = read_path(entry.key, Scalar(None, entry.key, True, entry.key_span), reading, relative=self._in_element)
        if path.parts[-1] is EACH and _is_element_where(entry.value):
            return Element(path, ELEMENT_WHERE.read(entry.value, reading), entry.key_span)
        _explain_nesting(path, entry, reading)
        return Field(path, VALUE_COMPARISON.read(entry.value, reading), entry.key_span)

    def _group(self, entry: Entry, reading: Reading) -> Where:
        inner = _where(self._in_element)
        if entry.key == "not":
            if isinstance(entry.value, Sequence):
                reading.fail("type", "`not` takes one `where`, found a list", entry.value.span, "`none: [..]` takes a list")
            return WhereNot(self._member(inner, entry, reading))
        if not isinstance(entry.value, Sequence):
            hint = f"""write a list, or '["{entry.key}"]' for a property of that name"""
            reading.fail("type", f"`{entry.key}` groups wheres and takes a list of them", entry.value.span, hint)
        parts = ListOf(inner, "a list of at least one `where`").read(entry.value, reading)
        if entry.key == "all":
            return parts[0] if len(parts) == 1 else WhereAll(parts)
        any_part = parts[0] if len(parts) == 1 else WhereAny(parts)
        return WhereNot(any_part) if entry.key == "none" else any_part

    def _member(self, inner: Shape[Where], entry: Entry, reading: Reading) -> Where:
        if not isinstance(entry.value, Mapping):
            hint = """for a property of that name write '["not"]'"""
            reading.fail("type", "`not` takes a `where` (a mapping)", entry.value.span, hint)
        return inner.read(entry.value, reading)

    def schema(self, definitions: Definitions) -> Json:
        inner = _where(self._in_element)
        grouped = ListOf(inner, "a list of wheres").schema(definitions)
        element = {"anyOf": [VALUE_COMPARISON.schema(definitions), ELEMENT_WHERE.schema(definitions)]}
        paths: Json = {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": RELATIVE_PATH_PATTERN if self._in_element else PATH_PATTERN},
            "properties": {**dict.fromkeys(("all", "any", "none"), grouped), "not": inner.schema(definitions)},
            "patternProperties": {r"\[\]$": element},
            "additionalProperties": VALUE_COMPARISON.schema(definitions),
        }
        if not self._in_element:
            return paths
        not_operators: Json = {"not": {"propertyNames": {"enum": sorted(RESERVED)}}}
        return {"anyOf": [_Compared().schema(definitions), {"allOf": [not_operators, paths]}]}


def _is_element_where(value: Node) -> bool:
    return isinstance(value, Mapping) and not set(value.keys) <= RESERVED


def _explain_nesting(path: Path, entry: Entry, reading: Reading) -> None:
    """A mapping of plain names where a comparison was expected: the author wants to reach into an object."""
    value = entry.value
    if not isinstance(value, Mapping) or not value.entries or any(key in RESERVED or key in GROUPS for key in value.keys):
        return
    name = value.entries[0].key
    plain = [inner for inner in value.entries if isinstance(inner.value, Scalar | Sequence)]
    if COMPARISON_RECORD.suggestion(name) is None and plain:
        hint = f'to look inside `{path}`, write `{path}.{name}`; one element of a list is `"{path}[]": {{{name}: …}}`'
        reading.fail("unknown-operator", f"`{name}` is no operator", value.entries[0].key_span, hint)


WHERE: Shape[Where] = Named("where", "a `where`", lambda: WhereShape(in_element=False))
ELEMENT_WHERE: Shape[Where] = Named("element_where", "a `where` of an element", lambda: WhereShape(in_element=True))


def _where(in_element: bool) -> Shape[Where]:
    return ELEMENT_WHERE if in_element else WHERE


def check_no_step_references(where: Where, reading: Reading, hint: str) -> None:
    """Report every `{ref: …}` of a where that stands in no sequence."""
    for reference, span in step_references(where):
        message = f"`{{ref: {reference.step}.{reference.path}}}` names a step, and only a `sequence` has steps"
        reading.report("reference", message, span, hint)


def step_references(where: Where) -> Iterator[tuple[StepRef, Span]]:
    """Every `{ref: …}` of a where, with its place."""
    match where:
        case Field():
            for test in where.comparison.tests:
                operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
                yield from ((operand, test.span) for operand in operands if isinstance(operand, StepRef))
        case Element():
            yield from step_references(where.where)
        case WhereNot():
            yield from step_references(where.part)
        case WhereAll() | WhereAny():
            for part in where.parts:
                yield from step_references(part)
