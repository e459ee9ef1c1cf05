"""Paths into event properties and traits: `cart.total`, `items.0.sku`, `items[].sku`, `["utm.source"]`."""

import re
from enum import Enum

from msgspec import Struct


class Each(Enum):
    """The `[]` part of a path: every element of the list that stands there."""

    EACH = "[]"

    def __repr__(self) -> str:
        return "EACH"


EACH = Each.EACH
Part = str | Each

_PLAIN = re.compile(r"[^.\[\]\"]+")
_TOKEN = re.compile(r'\[\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]"]+)')


class PathError(ValueError):
    """The text is no path; the message says why."""


class Path(Struct, frozen=True):
    """A way into a JSON-like value: names (or list indexes, as digits) and `EACH`. Never empty."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The canonical spelling; `parse_path` reads it back to an equal path."""
        out = ""
        for part in self.parts:
            if part is EACH:
                out += "[]"
            elif _PLAIN.fullmatch(part):
                out += f".{part}" if out else part
            else:
                escaped = part.replace("\\", "\\\\").replace('"', '\\"')
                out += f'["{escaped}"]'
        return out

    @property
    def has_each(self) -> bool:
        """Whether the path ranges over the elements of a list."""
        return EACH in self.parts

    @property
    def name(self) -> str:
        """The first name: the property, trait or column that the path starts from."""
        first = self.parts[0]
        assert isinstance(first, str)
        return first

    def split_at_each(self) -> tuple["Path", tuple[Part, ...]]:
        """The path of the list before the first `[]`, and the parts after it."""
        at = self.parts.index(EACH)
        return Path(self.parts[:at]), self.parts[at + 1 :]

    def __str__(self) -> str:
        return self.text


def path_of(*names: str) -> Path:
    """The path through these names, taken literally."""
    return Path(names)


def parse_path(text: str, *, relative: bool = False) -> Path:
    """Read a path. A relative one, inside an element, may begin with `[]`.

    Raises PathError with a sentence that says what is wrong.
    """
    if not text:
        raise PathError("a path cannot be empty")
    parts: list[Part] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        token = match.group(0) if match else ""
        if match is None or (token[0] == "." and not parts) or (token[0] not in ".[" and parts):
            raise PathError(f'`{text}` is no path; write `a.b`, `a.0`, `a[].b` or `["a.b"]`')
        if token == "[]":
            parts.append(EACH)
        elif match.group(1) is not None:
            parts.append(re.sub(r"\\(.)", r"\1", match.group(1)))
        else:
            parts.append(match.group(2))
        at = match.end()
    if parts[0] is EACH and not relative:
        raise PathError(f"`{text}` begins with `[]`; a path begins with a name")
    if any(part == "" for part in parts):
        raise PathError(f"`{text}` has an empty name")
    return Path(tuple(parts))
