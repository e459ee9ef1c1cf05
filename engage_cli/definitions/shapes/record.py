"""Shapes of mappings with known keys: each key has a shape of its own, and rules say which go together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct

from engage_cli.definitions import yaml_nodes as y
from engage_cli.definitions.reading import Reading, UnreadableError
from engage_cli.definitions.shapes.base import Definitions, Json, Shape
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne, Beside, Rule
from engage_cli.definitions.shapes.scalar import alternatives
from engage_cli.source import Span, did_you_mean

T = TypeVar("T")


class Key(Struct, Generic[T], frozen=True):
    """A key of a record, the shape of its value, and one sentence for editors."""

    name: str
    shape: Shape[T]
    description: str
    required: bool = False


class Fields:
    """What a record's keys held, by key; absent ones are None."""

    def __init__(self, node: y.Mapping) -> None:
        self.node = node
        self._values: dict[str, object] = {}

    def put(self, name: str, value: object) -> None:
        self._values[name] = value

    def __contains__(self, key: Key[T]) -> bool:
        return key.name in self._values

    def __getitem__(self, key: Key[T]) -> T:
        """The value of a key that is there."""
        return cast(T, self._values[key.name])

    def get(self, key: Key[T]) -> T | None:
        """The value of a key, None where it is absent."""
        return cast("T | None", self._values.get(key.name))

    def all_of(self, keys: Sequence[Key[T]]) -> tuple[T, ...]:
        """The values of those of the keys that are there, in the order of `keys`."""
        return tuple(self[key] for key in keys if key in self)

    def span(self, key: Key[T]) -> Span:
        """Where the value of a key stands, or the record where the key is absent."""
        entry = self.node.entry(key.name)
        return self.node.span if entry is None else entry.value.span

    def key_span(self, key: Key[T]) -> Span:
        """Where the key itself stands."""
        entry = self.node.entry(key.name)
        return self.node.span if entry is None else entry.key_span


class Record(Shape[T]):
    """A mapping with known keys. `what` names it in messages: `an event condition`.

    `later` says of keys that are not built what they are; `hints` help with keys that people write by mistake.
    `extra` are further constraints of the schema that `build` checks in its own words.
    """

    def __init__(
        self,
        what: str,
        keys: Sequence[Key[Any]],
        build: Callable[[Fields, Reading], T],
        *,
        description: str = "",
        rules: Sequence[Rule] = (),
        later: Mapping[str, str] | None = None,
        hints: Mapping[str, str] | None = None,
        extra: Sequence[Json] = (),
    ) -> None:
        self.what = what
        self.expected = f"{what} (a mapping)"
        self.keys = tuple(keys)
        self._by_name = {key.name: key for key in self.keys}
        self._build = build
        self._description = description
        self._rules = tuple(rules)
        self._later = dict(later or {})
        self._hints = dict(hints or {})
        self._extra = tuple(extra)

    def read(self, node: y.Node, reading: Reading) -> T:
        if not isinstance(node, y.Mapping):
            raise self.mismatch(node, reading)
        fields = Fields(node)
        sound = [self._read_entry(entry, fields, reading) for entry in node.entries]
        sound += [self._has_required(node, reading), *(self._keeps(rule, node, reading) for rule in self._rules)]
        if not all(sound):
            raise UnreadableError
        return self._build(fields, reading)

    def _read_entry(self, entry: y.Entry, fields: Fields, reading: Reading) -> bool:
        key = self._by_name.get(entry.key)
        if key is None:
            self._unknown(entry, reading)
            return False
        try:
            fields.put(key.name, key.shape.read(entry.value, reading))
        except UnreadableError:
            return False
        return True

    def _unknown(self, entry: y.Entry, reading: Reading) -> None:
        if entry.key in self._later:
            reading.not_built(self._later[entry.key], entry.key_span)
            return
        listed = f"its keys are {', '.join(f'`{name}`' for name in self._by_name)}"
        hint = self.suggestion(entry.key) or listed
        reading.report("unknown-key", f"{self.what} takes no key {y.shortened(entry.key)}", entry.key_span, hint)

    def suggestion(self, name: str) -> str | None:
        """What an author who wrote `name` for a key may have meant."""
        return self._hints.get(name) or did_you_mean(name, self._by_name)

    def _has_required(self, node: y.Mapping, reading: Reading) -> bool:
        missing = [key.name for key in self.keys if key.required and key.name not in node.keys and node.whole]
        meant = " ".join(self.suggestion(key) or "" for key in node.keys if key not in self._by_name)
        for name in missing:
            if f"`{name}`" in meant:
                continue  # the issue about the wrong key says it already
            reading.report("missing-key", f"{self.what} needs the key `{name}`", node.span, f"add `{name}:`")
        return not missing

    def _keeps(self, rule: Rule, node: y.Mapping, reading: Reading) -> bool:
        keys = node.keys
        match rule:
            case Apart():
                if (pair := rule.clash(keys)) is not None:
                    entry = node.entry(pair[1])
                    assert entry is not None
                    reading.report(
                        "keys-clash", f"`{pair[0]}` and `{pair[1]}` do not go together: {rule.why}", entry.key_span, "keep one of the two"
                    )
                    return False
            case Beside():
                entry = node.entry(rule.key)
                if entry is not None and not set(keys) & set(rule.others):
                    reading.report("keys-clash", rule.why, entry.key_span, f"add {alternatives(rule.others)}, or leave `{rule.key}` out")
                    return False
            case AtLeastOne():
                if node.whole and not set(keys) & set(rule.names) and set(keys) <= set(self._by_name):
                    reading.report("missing-key", rule.why, node.span, rule.hint)
                    return False
        return True

    def schema(self, definitions: Definitions) -> Json:
        schema: Json = {"type": "object"}
        if self._description:
            schema["description"] = self._description
        schema["properties"] = {key.name: _property(key, definitions) for key in self.keys}
        if required := [key.name for key in self.keys if key.required]:
            schema["required"] = required
        schema["additionalProperties"] = False
        if constraints := [*(rule.schema() for rule in self._rules), *self._extra]:
            schema["allOf"] = constraints
        return schema


def _property(key: Key[Any], definitions: Definitions) -> Json:
    schema = key.shape.schema(definitions)
    return {"description": key.description, **schema} if key.description else schema
