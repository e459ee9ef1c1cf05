"""Right definitions made wrong in one place: a wrong key, a wrong type, a wrong word, a key too few."""

from typing import Any

from hypothesis import strategies as st

from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_composer import compose
from engage_cli.definitions.yaml_nodes import Mapping, Node, Scalar, Sequence
from engage_cli.definitions.yaml_printer import Token, print_tree

KEYS = ["zzz", "wihtin", "event", "trait", "within", "count", "eq", "all", "as", "where", "at_least", "order", "path", "ignore_case", "a[]"]
VALUES: list[Any] = [
    *(Token("null"), Token("5"), Token("-1"), Token("1.5"), Token("true"), Token("2026-01-05"), "", "zzz", "30 days", "by_name", "any"),
    *([], {}, [[Token("1")]], ["a"], [Token("2026-01-05"), Token("5")], {"zzz": Token("1")}, {"gte": Token("2")}, {"eq": "x"}),
    *({"trait": "x"}, {"event": "A"}, {"everyone": Token("true")}, [{"event": "A"}, {"not": {"event": "B"}}]),
]


def as_tree(node: Node) -> Any:
    """A node as the tree that the printer takes."""
    match node:
        case Scalar(Text(value)):
            return value
        case Scalar():
            return Token(node.text or "null")
        case Sequence():
            return [as_tree(item) for item in node.items]
        case Mapping():
            return {entry.key: as_tree(entry.value) for entry in node.entries}
    raise AssertionError(node)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container of a tree with every key or index in it."""
    if isinstance(tree, dict):
        inner = list(tree.items())
    elif isinstance(tree, list):
        inner = list(enumerate(tree))
    else:
        return []
    return [(tree, at) for at, _value in inner] + [place for _at, value in inner for place in places(value)]


@st.composite
def mutations(draw, text: str) -> str:
    """One document of a text with one place changed. It may still be right."""
    trees = [as_tree(document) for document in compose("right", text).documents]
    tree = draw(st.sampled_from(trees))
    container, at = draw(st.sampled_from(places(tree)))
    match draw(st.sampled_from(["replace", "remove", "add", "rename"])):
        case "replace":
            container[at] = draw(st.sampled_from(VALUES))
        case "remove":
            del container[at]
        case "add" if isinstance(container, dict):
            container[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(VALUES))
        case "rename" if isinstance(container, dict):
            container[draw(st.sampled_from(KEYS))] = container.pop(at)
        case _:
            container.append(draw(st.sampled_from(VALUES)))
    return print_tree(tree)
