"""The shape of `identity`: identifiers in the order of their priority, how many of each a profile may have, and values that join nobody."""

from collections.abc import Mapping

from engage_cli.definitions.identity import USER_ID, Identifier, Identity
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Definitions, Json, ListOf, Shape, one_or_more
from engage_cli.definitions.shapes.kinds import ByName
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import WholeNumber, id_shape, quoting_hint
from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_nodes import Node, Scalar
from engage_cli.source import did_you_mean

MOST = 1_000_000

_NAME = Key("name", id_shape("an identifier"), "A field such as `user_id`, or a column of profiles or events.", required=True)
_LIMIT = Key(
    "limit",
    WholeNumber("a whole number from 1 to 1,000,000", at_least=1, at_most=MOST),
    "How many different values of it one profile may have.",
    required=True,
)
_IDENTIFIER: Shape[Identifier] = Record(
    "an identifier",
    [_NAME, _LIMIT],
    lambda fields, _reading: Identifier(fields[_NAME], fields[_LIMIT], fields.span(_NAME)),
    hints={
        **dict.fromkeys(("id", "type", "identifier", "column"), "write `name`"),
        **dict.fromkeys(("max", "at_most", "count"), "write `limit`"),
        "priority": "the order of the list is the priority",
        "blocked": "put it beside `identifiers`: `blocked: {email: [test@example.com]}`",
    },
)


class _BlockedValue(Shape[str]):
    """A text, which may be empty: people write `\"\"` down although it joins nobody anyhow."""

    expected = "a value, such as `test@example.com`"

    def read(self, node: Node, reading: Reading) -> str:
        if not isinstance(node, Scalar) or not isinstance(node.value, Text):
            raise self.mismatch(node, reading, quoting_hint(node))
        return node.value.value

    def schema(self, definitions: Definitions) -> Json:
        return {"type": "string"}


def _identifiers(found: tuple[Identifier, ...], node: Node, reading: Reading) -> tuple[Identifier, ...]:
    names = [identifier.name for identifier in found]
    for at, identifier in enumerate(found):
        if identifier.name in names[:at]:
            reading.report("duplicate", f"`{identifier.name}` stands twice among the identifiers", identifier.span, "keep one of the two")
    if names[0] != USER_ID:
        hint = "put it first" if USER_ID in names else "add `{name: user_id, limit: 1}` as the first"
        reading.fail("identifiers", "the first identifier is `user_id`: every source names its users by it", found[0].span, hint)
    return found


_IDENTIFIERS = Key(
    "identifiers",
    ListOf(
        _IDENTIFIER,
        "a list of at least two identifiers, such as `[{name: user_id, limit: 1}, {name: email, limit: 5}]`",
        at_least=2,
        if_empty="leave `identity` out where users are joined by nothing",
    ).then(_identifiers, {"prefixItems": [{"properties": {"name": {"const": USER_ID}}}]}),
    "The identifiers, the most important first.",
    required=True,
)
_VALUES = one_or_more(_BlockedValue(), "values that join nobody, such as `[test@example.com]`")
_BLOCKED = Key(
    "blocked",
    ByName("a mapping from identifiers to values, such as `{email: [test@example.com]}`", id_shape("an identifier"), _VALUES),
    "Values that count as missing: of test accounts, placeholders and the like.",
)


def _identity(fields: Fields, reading: Reading) -> Identity:
    identifiers = fields[_IDENTIFIERS]
    names = [identifier.name for identifier in identifiers]
    blocked: Mapping[str, tuple[str, ...]] = {}
    if (found := fields.get(_BLOCKED)) is not None:
        for name, (_values, span) in found.items():
            if name not in names:
                listed = f"they are {', '.join(f'`{one}`' for one in names)}"
                reading.report("unknown-identifier", f"`{name}` is none of the identifiers", span, did_you_mean(name, names) or listed)
        blocked = {name: values for name, (values, _span) in found.items()}
    return Identity(identifiers, blocked)


IDENTITY: Shape[Identity] = Record(
    "`identity`",
    [_IDENTIFIERS, _BLOCKED],
    _identity,
    hints={"ids": "write `identifiers`", "block": "write `blocked`"},
)
