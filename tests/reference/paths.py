"""Paths into properties and traits: `cart.total`, `items.0.sku`, `items[].sku`, `["utm.source"]`."""

import json
import re
from collections.abc import Mapping, Sequence

from tests.reference.values import Value

EACH = "[]"

_NAME = re.compile(r"[^.\[\]]+")
_QUOTED_NAME = re.compile(r'\[("(?:[^"\\]|\\.)*")\]')


def read_path(text: str) -> list[str | None]:
    """The names of a path in order; None stands for `[]`, each element of the list there."""
    parts: list[str | None] = []
    rest = text
    while rest:
        if rest.startswith(EACH):
            parts.append(None)
            rest = rest.removeprefix(EACH)
        elif quoted := _QUOTED_NAME.match(rest):
            parts.append(json.loads(quoted[1]))
            rest = rest[quoted.end() :]
        elif plain := _NAME.match(rest.removeprefix(".") if parts else rest):
            parts.append(plain[0])
            rest = rest.removeprefix(".")[plain.end() :]
        else:
            raise ValueError(f"{text!r} is no path")
    return parts


def has_each(path: str) -> bool:
    """Whether the path ranges over the elements of a list."""
    return None in read_path(path)


def values_at(root: Value, path: str) -> list[Value]:
    """What stands at the path: one value (None: missing) without `[]`, one an element with it."""
    return _follow(root, read_path(path))


def _follow(value: Value, parts: Sequence[str | None]) -> list[Value]:
    if not parts:
        return [value]
    part, rest = parts[0], parts[1:]
    if part is None:
        elements = value if isinstance(value, list) else []
        return [found for element in elements for found in _follow(element, rest)]
    return _follow(_child(value, part), rest)


def _child(value: Value, name: str) -> Value:
    """The value under a name of an object or at an index of a list; None where it leads nowhere."""
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list) and re.fullmatch("0|[1-9][0-9]*", name) and int(name) < len(value):
        return value[int(name)]
    return None
