"""The shape of `match`: which property of an event equals the key of a journey's instance."""

from engage_cli.definitions.paths import Path
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Definitions, Json, Shape, any_of
from engage_cli.definitions.shapes.record import Key
from engage_cli.definitions.shapes.value import PATH
from engage_cli.definitions.values import Boolean, Text
from engage_cli.definitions.yaml_nodes import Node, Scalar


class _MatchShape(Shape[Path]):
    """`true` for the property that has the key's own name, or the path of another."""

    expected = "`true`, or the property that equals the journey's key, such as `cart_id`"

    def read(self, node: Node, reading: Reading) -> Path:
        if not isinstance(node, Scalar) or not isinstance(node.value, Text | Boolean):
            raise self.mismatch(node, reading)
        if node.value == Boolean(False):
            reading.fail("choice", f"expected {self.expected}, found `false`", node.span, "leave the key out to take any such event")
        if reading.journey is None:
            reading.outside_journeys("`match` ties events to an instance of a journey", node.span, "compare properties under `where`")
        if reading.journey.is_keyless:
            hint = "add `key: cart_id` or the like beside `on:` under `entry:`"
            reading.fail("no-key", "`match` names the property that equals the journey's key, and the journey has none", node.span, hint)
        return self._key(node, reading) if node.value == Boolean(True) else self._named(node, reading)

    def _key(self, node: Node, reading: Reading) -> Path:
        if reading.journey is None or reading.journey.key is None:
            reading.give_up()  # the issue about the key says it already
        return reading.journey.key

    def _named(self, node: Node, reading: Reading) -> Path:
        path = PATH.read(node, reading)
        if path.has_each:
            hint = "name the property that holds the one value"
            reading.fail("reference", f"`match` names one value, and `{path}` has `[]`", node.span, hint)
        return path

    def schema(self, definitions: Definitions) -> Json:
        return any_of([{"const": True}, PATH.schema(definitions)])


MATCH = Key("match", _MatchShape(), "In a journey with a `key`: this property (true: the one of the key's name) equals the instance's key.")
