"""Shapes of single values: text, names, choices, numbers, booleans."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import Definitions, Json, Shape
from engage_cli.definitions.values import Boolean, Day, Instant, Number, Text
from engage_cli.definitions.yaml_nodes import Node, Scalar, described, shortened
from engage_cli.source import did_you_mean

T = TypeVar("T")

TextCheck = Callable[[str], tuple[str, str | None] | None]
"""What is wrong with a text, and what to do about it."""

ID_PATTERN = r"[a-z][a-z0-9_]*"
MAX_ID = 100
"""Ids become names of files and tables."""


class TextShape(Shape[str]):
    """Text that is not empty. `check` gives what is wrong with a value (an issue of this `code`), and what to do about it."""

    def __init__(
        self,
        expected: str = "text",
        *,
        check: TextCheck | None = None,
        code: str = "value",
        schema: Json | None = None,
        other_hint: str | None = None,
    ):
        self.expected = expected
        self._other_hint = other_hint
        self._check = check
        self._code = code
        self._schema = schema or {}

    def read(self, node: Node, reading: Reading) -> str:
        if not isinstance(node, Scalar) or not isinstance(node.value, Text):
            is_date = isinstance(node, Scalar) and isinstance(node.value, Day | Instant)
            raise self.mismatch(node, reading, self._other_hint or quoting_hint(node), code="quoting" if is_date else "type")
        if not node.value.value:
            reading.fail("empty", f"expected {self.expected}, found empty text", node.span)
        if self._check is not None and (wrong := self._check(node.value.value)) is not None:
            reading.fail(self._code, wrong[0], node.span, wrong[1])
        return node.value.value

    def schema(self, definitions: Definitions) -> Json:
        return {"type": "string", "minLength": 1, **self._schema}


def quoting_hint(node: Node) -> str | None:
    """How to make text of a plain number, boolean or date."""
    if isinstance(node, Scalar) and isinstance(node.value, Number | Boolean | Day | Instant):
        return f'quote it to make it text: "{node.text}"'
    return None


def id_shape(what: str) -> Shape[str]:
    """An id, such as `big_spenders`."""

    def check(name: str) -> tuple[str, str | None] | None:
        if len(name) > MAX_ID:
            return f"the name {shortened(name)} is longer than {MAX_ID} characters", None
        if re.fullmatch(ID_PATTERN, name):
            return None
        return f"{shortened(name)} is no name for {what}: names are lower-case letters, digits and `_`, a letter first", suggestion(name)

    def suggestion(name: str) -> str | None:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        return f"write `{plain}`" if re.fullmatch(ID_PATTERN, plain) else None

    schema: Json = {"pattern": f"^{ID_PATTERN}$", "maxLength": MAX_ID}
    return TextShape(f"the name of {what}", check=check, code="name", schema=schema, other_hint="a name begins with a letter")


def mentioning(name: Shape[str], kind: Mentioned) -> Shape[str]:
    """A name that must exist elsewhere."""

    def mentioned(value: str, node: Node, reading: Reading) -> str:
        reading.mention(kind, value, node.span)
        return value

    return name.then(mentioned)


class Choice(Shape[T]):
    """One of a few words."""

    def __init__(self, what: str, words: "dict[str, T]", *, hints: "dict[str, str] | None" = None) -> None:
        self.expected = f"{what}: {alternatives(list(words))}"
        self._words = words
        self._hints = hints or {}

    def read(self, node: Node, reading: Reading) -> T:
        if not isinstance(node, Scalar) or not isinstance(node.value, Text):
            raise self.mismatch(node, reading, did_you_mean(node.text, self._words) if isinstance(node, Scalar) else None)
        word = node.value.value
        if word not in self._words:
            hint = self._hints.get(word) or did_you_mean(word, self._words)
            reading.fail("choice", f"expected {self.expected}, found {shortened(word)}", node.span, hint)
        return self._words[word]

    def schema(self, definitions: Definitions) -> Json:
        return {"enum": list(self._words)}


def alternatives(words: Sequence[str]) -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


class BooleanShape(Shape[bool]):
    """true or false."""

    expected = "`true` or `false`"

    def read(self, node: Node, reading: Reading) -> bool:
        if not isinstance(node, Scalar) or not isinstance(node.value, Boolean):
            raise self.mismatch(node, reading, self._hint(node))
        return node.value.value

    def _hint(self, node: Node) -> str | None:
        if not isinstance(node, Scalar):
            return None
        meant = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}.get(
            node.text.lower(), node.text.lower()
        )
        return f"write `{meant}`, without quotes" if meant in ("true", "false") else None

    def schema(self, definitions: Definitions) -> Json:
        return {"type": "boolean"}


BOOLEAN = BooleanShape()


class OnlyTrue(Shape[bool]):
    """`true`, and nothing else: the key is left out where it does not hold."""

    expected = "`true`"

    def __init__(self, otherwise: str) -> None:
        self._otherwise = otherwise

    def read(self, node: Node, reading: Reading) -> bool:
        if not isinstance(node, Scalar) or not isinstance(node.value, Boolean):
            is_yes = isinstance(node, Scalar) and node.text.lower() in ("yes", "on", "y", "true", "1")
            raise self.mismatch(node, reading, "write `true`, without quotes" if is_yes else None)
        if not node.value.value:
            reading.fail("choice", "expected `true`, found `false`", node.span, self._otherwise)
        return True

    def schema(self, definitions: Definitions) -> Json:
        return {"const": True}


class NumberShape(Shape[int | float]):
    """A number from `at_least` to `at_most`."""

    def __init__(self, expected: str = "a number", *, at_least: float | None = None, at_most: float | None = None) -> None:
        self.expected = expected
        self._at_least = at_least
        self._at_most = at_most

    def read(self, node: Node, reading: Reading) -> int | float:
        if not isinstance(node, Scalar) or not isinstance(node.value, Number):
            raise self.mismatch(node, reading, unquoting_hint(node))
        value = node.value.value
        if (self._at_least is not None and value < self._at_least) or (self._at_most is not None and value > self._at_most):
            reading.fail("range", f"expected {self.expected}, found {described(node)}", node.span)
        return value

    def schema(self, definitions: Definitions) -> Json:
        bounds = {"minimum": self._at_least, "maximum": self._at_most}
        return {"type": "number", **{key: bound for key, bound in bounds.items() if bound is not None}}


class WholeNumber(Shape[int]):
    """A whole number from `at_least` to `at_most`."""

    def __init__(self, expected: str, *, at_least: int = 0, at_most: int | None = None) -> None:
        self.expected = expected
        self._number = NumberShape(expected, at_least=at_least, at_most=at_most)

    def read(self, node: Node, reading: Reading) -> int:
        value = self._number.read(node, reading)
        if isinstance(value, float):
            reading.fail("type", f"expected {self.expected}, found {described(node)}", node.span)
        return value

    def schema(self, definitions: Definitions) -> Json:
        return {**self._number.schema(definitions), "type": "integer"}


def unquoting_hint(node: Node) -> str | None:
    """How to make a number of quoted digits."""
    if isinstance(node, Scalar) and not node.plain and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", node.text):
        return f"quoted, this is text; write {node.text} without quotes"
    return None
