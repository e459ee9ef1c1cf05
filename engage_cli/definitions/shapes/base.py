"""Shapes: what a node of a definition may look like, said once, for the reader and for the JSON Schema alike.

We deliberately do not use pydantic for this: with one declaration of our own behind both, reader and schema cannot
differ, every value keeps its place in the file, and every message is ours.

A shape reads a node to a typed value, reporting every problem it finds, and raises UnreadableError when there is none
to give. `schema` describes the same nodes as JSON Schema (draft 2020-12), where a date is a string.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct, field

from engage_cli.definitions.reading import Reading, UnreadableError
from engage_cli.definitions.yaml_nodes import Broken, Mapping, Node, Scalar, Sequence, described

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)

Json = dict[str, object]


class Definitions(Struct):
    """The `$defs` of a schema under way."""

    schemas: dict[str, Json] = field(default_factory=dict)


class Shape(ABC, Generic[T_co]):
    """What a node may look like. `expected` completes "expected …": `a duration such as `30 days``."""

    expected: str

    @abstractmethod
    def read(self, node: Node, reading: Reading) -> T_co:
        """The value of a node. Raises UnreadableError after reporting why there is none."""

    @abstractmethod
    def schema(self, definitions: Definitions) -> Json:
        """The JSON Schema of the nodes that this shape reads."""

    def mismatch(self, node: Node, reading: Reading, hint: str | None = None, *, code: str = "type") -> UnreadableError:
        """The node is of another kind altogether; the error to raise."""
        if isinstance(node, Broken):
            return UnreadableError()
        if isinstance(node, Scalar) and node.value is None:
            reading.report(
                "no-value", f"expected {self.expected}, and there is no value", node.span, hint or "write one, or leave the key out"
            )
        else:
            reading.report(code, f"expected {self.expected}, found {described(node)}", node.span, hint)
        return UnreadableError()

    def then(self, change: "Callable[[T_co, Node, Reading], U]", constraint: Json | None = None) -> "Shape[U]":
        """This shape, its value checked or changed further. `change` may report and raise, as `read` does.

        `constraint` says in the schema what `change` refuses.
        """
        return _Then(self, change, constraint)


class _Then(Shape[U], Generic[T, U]):
    def __init__(self, first: Shape[T], change: Callable[[T, Node, Reading], U], constraint: Json | None) -> None:
        self.expected = first.expected
        self._constraint = constraint
        self._first = first
        self._change = change

    def read(self, node: Node, reading: Reading) -> U:
        return self._change(self._first.read(node, reading), node, reading)

    def schema(self, definitions: Definitions) -> Json:
        schema = self._first.schema(definitions)
        return {"allOf": [schema, self._constraint]} if self._constraint else schema


class Named(Shape[T]):
    """A shape with a name of its own in the schema; the thunk lets shapes contain each other."""

    def __init__(self, name: str, expected: str, shape: Callable[[], Shape[T]]) -> None:
        self.name = name
        self.expected = expected
        self._thunk = shape
        self._shape: Shape[T] | None = None

    def _resolved(self) -> Shape[T]:
        if self._shape is None:
            self._shape = self._thunk()
        return self._shape

    def read(self, node: Node, reading: Reading) -> T:
        return self._resolved().read(node, reading)

    def schema(self, definitions: Definitions) -> Json:
        if self.name not in definitions.schemas:
            definitions.schemas[self.name] = {}  # keeps the recursion from going round
            definitions.schemas[self.name] = self._resolved().schema(definitions)
        return {"$ref": f"#/$defs/{self.name}"}


class ListOf(Shape[tuple[T, ...]]):
    """A list of at least `at_least` items of one shape."""

    def __init__(
        self, item: Shape[T], expected: str, *, at_least: int = 1, at_most: int | None = None, if_empty: str | None = None
    ) -> None:
        self.item = item
        self.expected = expected
        self._at_least = at_least
        self._at_most = at_most
        self._if_empty = if_empty

    def read(self, node: Node, reading: Reading) -> tuple[T, ...]:
        if not isinstance(node, Sequence):
            raise self.mismatch(node, reading, self._hint_for(node))
        if not node.items and self._at_least:
            reading.fail("empty", f"expected {self.expected}, found an empty list", node.span, self._if_empty)
        if len(node.items) < self._at_least or (self._at_most is not None and len(node.items) > self._at_most):
            reading.fail("length", f"expected {self.expected}, found {len(node.items)}", node.span)
        return collected(lambda item: self.item.read(item, reading), node.items)

    def _hint_for(self, node: Node) -> str | None:
        return "put it in a list: `[…]`, or `- ` before it" if isinstance(node, Mapping | Scalar) and not _is_null(node) else None

    def schema(self, definitions: Definitions) -> Json:
        schema: Json = {"type": "array", "items": self.item.schema(definitions)}
        if self._at_least:
            schema["minItems"] = self._at_least
        if self._at_most is not None:
            schema["maxItems"] = self._at_most
        return schema


def collected(read: Callable[[U], T], items: Iterable[U]) -> tuple[T, ...]:
    """Every item read, with the problems of all; raises UnreadableError if there was one."""
    values: list[T] = []
    failed = False
    for item in items:
        try:
            values.append(read(item))
        except UnreadableError:
            failed = True
    if failed:
        raise UnreadableError
    return tuple(values)


class ByForm(Shape[T]):
    """One shape for a scalar, one for a list, one for a mapping; at least two of them."""

    def __init__(
        self,
        expected: str,
        *,
        scalar: Shape[T] | None = None,
        sequence: Shape[T] | None = None,
        mapping: Shape[T] | None = None,
        hints: "dict[str, str] | None" = None,
    ) -> None:
        self.expected = expected
        self._scalar = scalar
        self._sequence = sequence
        self._mapping = mapping
        self._hints = hints or {}

    def read(self, node: Node, reading: Reading) -> T:
        shape: Shape[T] | None
        match node:
            case Scalar(None):
                raise self.mismatch(node, reading, self._hints.get("null"))
            case Scalar():
                shape, form = self._scalar, "scalar"
            case Sequence():
                shape, form = self._sequence, "list"
            case Mapping():
                shape, form = self._mapping, "mapping"
            case Broken():
                raise UnreadableError
        if shape is None:
            raise self.mismatch(node, reading, self._hints.get(form))
        return shape.read(node, reading)

    def schema(self, definitions: Definitions) -> Json:
        return any_of(shape.schema(definitions) for shape in (self._scalar, self._sequence, self._mapping) if shape is not None)


def one_or_more(item: Shape[T], expected: str) -> Shape[tuple[T, ...]]:
    """One item, or a list of at least one."""
    alone: Shape[tuple[T, ...]] = item.then(lambda value, _node, _reading: (value,))
    return ByForm(expected, scalar=alone, mapping=alone, sequence=ListOf(item, expected))


def any_of(schemas: Iterable[Json]) -> Json:
    """The union of schemas, flat and without repetition."""
    flat: list[Json] = []
    for schema in schemas:
        members = schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
        assert isinstance(members, list)
        flat.extend(member for member in members if member not in flat)
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
