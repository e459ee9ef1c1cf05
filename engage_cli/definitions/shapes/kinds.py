"""Shapes of mappings that say their kind by a key, and of mappings by freely chosen names."""

from collections.abc import Mapping
from typing import TypeVar

from engage_cli.definitions import yaml_nodes as y
from engage_cli.definitions.reading import Reading, UnreadableError
from engage_cli.definitions.shapes.base import Definitions, Json, Shape, any_of, collected
from engage_cli.definitions.shapes.scalar import alternatives
from engage_cli.definitions.values import Text
from engage_cli.source import Span, did_you_mean

T = TypeVar("T")


class Kinds(Shape[T]):
    """A mapping that says its kind by exactly one of several keys. `what` names it: `a condition`.

    `later` says of the kinds that are not built what they are, `belongs` of other keys what they stand beside.
    """

    def __init__(
        self,
        what: str,
        kinds: Mapping[str, Shape[T]],
        *,
        later: Mapping[str, str] | None = None,
        hints: Mapping[str, str] | None = None,
        belongs: Mapping[str, str] | None = None,
        list_hint: str | None = None,
        scalar_hint: str | None = None,
        together: str | None = None,
    ) -> None:
        self.what = what
        self.expected = f"{what} (a mapping)"
        self._kinds = dict(kinds)
        self._later = dict(later or {})
        self._hints = dict(hints or {})
        self._belongs = dict(belongs or {})
        self._list_hint = list_hint
        self._scalar_hint = scalar_hint
        self._together = together

    def read(self, node: y.Node, reading: Reading) -> T:
        if not isinstance(node, y.Mapping):
            raise self.mismatch(node, reading, self._list_hint if isinstance(node, y.Sequence) else self._scalar_hint)
        here = [key for key in node.keys if key in self._kinds or key in self._later]
        if len(here) > 1:
            self._too_many(node, here, reading)
        if not here:
            self._none(node, reading)
        if here[0] in self._later:
            entry = node.entry(here[0])
            assert entry is not None
            reading.not_built(self._later[here[0]], entry.key_span)
            raise UnreadableError
        return self._kinds[here[0]].read(node, reading)

    def _too_many(self, node: y.Mapping, here: list[str], reading: Reading) -> None:
        second = node.entry(here[1])
        assert second is not None
        message = f"{self.what} has exactly one kind, and here are {' and '.join(f'`{name}`' for name in here[:3])}"
        reading.fail("kind", message, second.key_span, self._together)

    def _none(self, node: y.Mapping, reading: Reading) -> None:
        if not node.whole:
            reading.give_up()
        kinds = list(self._kinds)
        message = f"{self.what} needs {'the key' if len(kinds) == 1 else 'one of the keys'} {alternatives(kinds)}"
        unknown = [entry for entry in node.entries if entry.key not in self._belongs]
        for entry in unknown:
            if hint := self._hints.get(entry.key) or did_you_mean(entry.key, [*kinds, *self._later]):
                reading.fail("kind", f"{message}; {y.shortened(entry.key)} is none of them", entry.key_span, hint)
        first = next(iter(node.entries), None)
        found = f"; found {', '.join(y.shortened(key) for key in node.keys[:5])}" if first else ""
        reading.fail("kind", message + found, first.key_span if first else node.span, self._belongs.get(first.key) if first else None)

    def schema(self, definitions: Definitions) -> Json:
        return any_of(shape.schema(definitions) for shape in self._kinds.values())


class ByName(Shape[dict[str, tuple[T, Span]]]):
    """A mapping from names that are chosen freely; each value with the place of its name."""

    def __init__(self, expected: str, name: Shape[str], value: Shape[T], *, at_least: int = 0) -> None:
        self.expected = expected
        self._name = name
        self._value = value
        self._at_least = at_least

    def read(self, node: y.Node, reading: Reading) -> dict[str, tuple[T, Span]]:
        if not isinstance(node, y.Mapping):
            raise self.mismatch(node, reading)
        if node.whole and len(node.entries) < self._at_least:
            reading.fail("empty", f"expected {self.expected}, found an empty mapping", node.span)
        return dict(collected(lambda entry: self._named(entry, reading), node.entries))

    def _named(self, entry: y.Entry, reading: Reading) -> tuple[str, tuple[T, Span]]:
        name = self._name.read(y.Scalar(Text(entry.key), entry.key, True, entry.key_span), reading)
        return name, (self._value.read(entry.value, reading), entry.key_span)

    def schema(self, definitions: Definitions) -> Json:
        name = {key: value for key, value in self._name.schema(definitions).items() if key != "type"}
        schema: Json = {"type": "object", "propertyNames": name, "additionalProperties": self._value.schema(definitions)}
        return {**schema, "minProperties": self._at_least} if self._at_least else schema
