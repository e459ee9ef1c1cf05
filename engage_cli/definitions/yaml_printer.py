"""Plain trees to YAML text that yaml_composer reads back to the same: short parts in one line, long ones over several."""

import json
import re
from functools import lru_cache

from msgspec import Struct

from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_scalars import ScalarError, resolve_plain

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_. /-]*[A-Za-z0-9_])?")


class Token(Struct, frozen=True):
    """A scalar as it stands in YAML: a number, a date, `true`."""

    text: str


Tree = Token | str | list["Tree"] | dict[str, "Tree"]
"""A str is text, and quoted where it must be."""


def print_tree(tree: dict[str, Tree]) -> str:
    """The YAML text of a mapping."""
    return "\n".join(_block_mapping(tree, "")) + "\n"


def print_line(tree: dict[str, Tree]) -> str:
    """A mapping in one line: `event: Order Completed, within: 30 days`."""
    return ", ".join(f"{text_scalar(key)}: {_flow(value)}" for key, value in tree.items())


@lru_cache(maxsize=10_000)
def text_scalar(text: str) -> str:
    """A text as a YAML scalar on one line."""
    if _PLAIN.fullmatch(text) and _is_text(text):
        return text
    if text.isprintable() and "'" not in text and ('"' in text or "\\" in text):
        return f"'{text}'"
    return "".join(char if char.isprintable() else _escaped(char) for char in json.dumps(text, ensure_ascii=False))


def _is_text(text: str) -> bool:
    try:
        return isinstance(resolve_plain(text), Text)
    except ScalarError:
        return False


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


# ---- layout --------------------------------------------------------------------------------------------------------


def _flow(tree: Tree) -> str:
    match tree:
        case Token(text):
            return text
        case str():
            return text_scalar(tree)
        case list():
            return f"[{', '.join(map(_flow, tree))}]"
        case dict():
            return f"{{{', '.join(f'{text_scalar(key)}: {_flow(value)}' for key, value in tree.items())}}}"


def _block_mapping(tree: dict[str, Tree], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        lines += _entry(f"{indent}{text_scalar(key)}:", value, indent)
    return lines


def _entry(head: str, value: Tree, indent: str) -> list[str]:
    """A key with its value: on the same line if that is short enough."""
    if isinstance(value, str) and _can_be_literal(value):
        content = value.removesuffix("\n")
        return [f"{head} |{'' if value.endswith(chr(10)) else '-'}", *(f"{indent}  {line}".rstrip() for line in content.split("\n"))]
    line = f"{head} {_flow(value)}"
    if isinstance(value, Token | str) or not value:
        return [line]
    several = isinstance(value, list) and len(value) > 1 and any(isinstance(item, dict) for item in value)
    if len(line) <= _WIDTH and not several and not _has_literal(value):
        return [line]
    if isinstance(value, dict):
        return [head, *_block_mapping(value, f"{indent}  ")]
    return [head, *(line for item in value for line in _item(item, f"{indent}  "))]


def _item(item: Tree, indent: str) -> list[str]:
    line = f"{indent}- {_flow(item)}"
    if isinstance(item, dict) and item and (len(line) > _WIDTH or _has_literal(item)):
        first, *rest = _block_mapping(item, f"{indent}  ")
        return [f"{indent}- {first.lstrip()}", *rest]
    return [line]


def _can_be_literal(text: str) -> bool:
    """Whether a text of several lines reads back exactly from a literal block."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and all(line.isprintable() and line == line.rstrip() for line in lines)
        and bool(lines[0])
        and bool(lines[-1])
        and not lines[0].startswith(" ")
    )


def _has_literal(tree: Tree) -> bool:
    match tree:
        case str():
            return _can_be_literal(tree)
        case list():
            return any(map(_has_literal, tree))
        case dict():
            return any(map(_has_literal, tree.values()))
        case Token():
            return False
