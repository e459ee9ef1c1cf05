"""The shape of `outcomes` in `messaging`."""

from engage_cli.definitions.outcomes import DEFAULT_NAMES, Outcome, Outcomes
from engage_cli.definitions.paths import path_of
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Shape, one_or_more
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import TextShape
from engage_cli.definitions.shapes.value import PATH
from engage_cli.definitions.yaml_nodes import shortened


def _problem(name: str) -> tuple[str, str | None] | None:
    return (f"{shortened(name)} is many events", "name each of them") if "*" in name else None


_NAME: Shape[str] = TextShape("the name of an event", check=_problem, schema={"pattern": r"^[^*]+$"})
_NAMES: Shape[tuple[str, ...]] = one_or_more(_NAME, "the name of an event, or a list of names")
_KEYS = {
    one: Key(one.value, _NAMES, f"The events that say that a message was {one.value}.")
    if one is not Outcome.COMPLAINED
    else Key(one.value, _NAMES, "The events that say that somebody complained of a message.")
    for one in Outcome
}
_MESSAGE_ID = Key("message_id", PATH, "The property of these events that holds the message's id; message_id by default.")


def _outcomes(fields: Fields, reading: Reading) -> Outcomes:
    path = fields.get(_MESSAGE_ID) or path_of("message_id")
    if path.has_each:
        reading.report("impossible", f"`{path}` is many values; an event is about one message", fields.span(_MESSAGE_ID))
    names = {one: fields.get(key) or DEFAULT_NAMES[one] for one, key in _KEYS.items()}
    said: dict[str, Outcome] = {}
    for outcome, found in names.items():
        for name in found:
            if name in said:
                message = f"`{name}` says already that a message was {said[name].value}"
                reading.report("duplicate", message, fields.span(_KEYS[outcome]), "an event says one outcome")
            said[name] = outcome
    return Outcomes(names, path)


OUTCOMES: Shape[Outcomes] = Record(
    "`outcomes`",
    [_MESSAGE_ID, *_KEYS.values()],
    _outcomes,
    hints={"spam": "write `complained`", "open": "write `opened`", "click": "write `clicked`", "bounce": "write `bounced`"},
)
