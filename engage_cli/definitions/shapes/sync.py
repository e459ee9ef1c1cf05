"""`sync`: the destinations that are told of an audience or a trait."""

from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import ListOf
from engage_cli.definitions.shapes.record import Key
from engage_cli.definitions.shapes.scalar import id_shape
from engage_cli.definitions.yaml_nodes import Node
from engage_cli.source import Span

Named = tuple[tuple[str, Span], ...]
"""Names of destinations, and where they stand."""


def _destination(name: str, node: Node, reading: Reading) -> tuple[str, Span]:
    reading.mention(Mentioned.DESTINATION, name, node.span)
    return name, node.span


def sync_key(description: str) -> Key[Named]:
    """The key `sync` of a definition."""
    names = ListOf(id_shape("a destination").then(_destination), "a list of destinations, such as `[crm]`", at_least=0)
    return Key("sync", names, description)


def refuse_twice(sync: Named, reading: Reading) -> None:
    """Report a destination that stands in `sync` more than once."""
    names = [name for name, _span in sync]
    for at, (name, span) in enumerate(sync):
        if name in names[:at]:
            reading.report("duplicate", f"`{name}` stands twice in `sync`", span, "keep one of the two")
