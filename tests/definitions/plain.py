"""Definitions in plain forms, for comparison: models without places, nodes as JSON."""

from typing import Any

from engage_cli.definitions.values import Boolean, Number, Text
from engage_cli.definitions.yaml_composer import compose
from engage_cli.definitions.yaml_nodes import Broken, Mapping, Node, Scalar, Sequence
from engage_cli.records import field_names, is_record


def without_places(value: Any) -> Any:
    """A model as nested tuples that are equal when the models are, wherever they stood."""
    if is_record(value):
        names = [name for name in field_names(value) if name != "span" and not name.endswith(("_span", "_spans"))]
        return (type(value).__name__, *(without_places(getattr(value, name)) for name in names))
    if isinstance(value, tuple):
        return tuple(without_places(item) for item in value)
    return value


def json_documents(text: str) -> list[Any]:
    """The documents of a YAML text as an editor hands them to a JSON Schema: dates are text."""
    return [as_json(document) for document in compose("text", text).documents]


def as_json(node: Node) -> Any:
    match node:
        case Scalar(None):
            return None
        case Scalar(Text(value) | Number(value) | Boolean(value)):
            return value
        case Scalar():
            return node.text
        case Sequence():
            return [as_json(item) for item in node.items]
        case Mapping():
            return {entry.key: as_json(entry.value) for entry in node.entries}
        case Broken():
            raise AssertionError("a broken node has no JSON")
