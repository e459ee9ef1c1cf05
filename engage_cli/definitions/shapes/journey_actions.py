"""Shapes of the steps that hold no others: delay, send, sync, set, goto, exit. docs/journeys.md says what each does."""

from collections.abc import Mapping
from typing import Any

from engage_cli.definitions.journey import RESERVED_REASONS
from engage_cli.definitions.journey_steps import Category, Delay, Exit, Goto, JourneyStep, Render, Send, SetTrait, Sync
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne, Beside
from engage_cli.definitions.shapes.kinds import ByName
from engage_cli.definitions.shapes.message_keys import (
    CATEGORY,
    CHANNEL,
    EXPIRES,
    GROUP,
    PREHEADER,
    PRIORITY,
    RENDER,
    REPLY_TO,
    SENDER,
    SUBJECT,
    TEMPLATE_NAME,
)
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import TextShape, id_shape, mentioning
from engage_cli.definitions.shapes.value import DURATION, VALUE
from engage_cli.definitions.shapes.wait import WAIT
from engage_cli.definitions.values import StepRef, Value
from engage_cli.definitions.yaml_nodes import Node
from engage_cli.source import Span

ID = Key("id", id_shape("a step"), "The step's id: by it `goto`, conditions and moves to a new version find it.")


def placed(fields: Fields, kind: Key[Any]) -> tuple[str, bool, Span]:
    """A step's id as far as it is written, whether it is, and its place."""
    return fields.get(ID) or "", ID in fields, fields.key_span(kind)


# ---- delay ---------------------------------------------------------------------------------------------------------

_DELAY = Key("delay", WAIT, "How long, or until when.", required=True)
_DELAY_STEP: Shape[JourneyStep] = Record(
    "a `delay` step",
    [_DELAY, ID],
    lambda fields, _: Delay(*placed(fields, _DELAY), fields[_DELAY]),
    description="Waits.",
    hints={
        **dict.fromkeys(("until", "window"), "it stands inside: `delay: {until: …}`"),
        "branches": "a wait that something can end is a `hold`",
    },
)

# ---- send ----------------------------------------------------------------------------------------------------------

_SEND = Key("send", TEMPLATE_NAME, "The template: a file of campaigns/templates/.", required=True)


def _send(fields: Fields, _reading: Reading) -> Send:
    return Send(
        *placed(fields, _SEND),
        fields[_SEND],
        fields[CHANNEL],
        fields.get(GROUP),
        fields.get(CATEGORY) or Category.MARKETING,
        fields.get(PRIORITY) or 0,
        fields.get(EXPIRES),
        fields.get(RENDER) or Render.MESSAGE,
        fields.get(SUBJECT),
        fields.get(PREHEADER),
        fields.get(SENDER),
        fields.get(REPLY_TO),
    )


_SEND_STEP: Shape[JourneyStep] = Record(
    "a `send` step",
    [_SEND, ID, CHANNEL, GROUP, CATEGORY, PRIORITY, EXPIRES, RENDER, SUBJECT, PREHEADER, SENDER, REPLY_TO],
    _send,
    description="Sends a message.",
    hints={
        "template": "the template's name stands after `send:`",
        "via": "write `channel`",
        "to": "the address is the trait that the channel's `address` names in engage.yaml",
        "variables": "templates see `profile` and `context`; `render: variables` hands those over",
        "expires": "write `expires_after`",
        "sender": "write `from`",
    },
)

# ---- sync ----------------------------------------------------------------------------------------------------------


def _no_step(value: Value, node: Node, reading: Reading) -> Value:
    if isinstance(value, StepRef):
        hint = "write `{context: …}` or `{trait: …}`"
        reading.fail("reference", "`ref` names a step of a `sequence`, and here is none", node.span, hint)
    return value


_VALUE: Shape[Value] = VALUE.then(_no_step)


def _plain(named: Mapping[str, tuple[Value, Span]], _node: Node, _reading: Reading) -> tuple[tuple[str, Value], ...]:
    return tuple((name, value) for name, (value, _span) in named.items())


_SYNC = Key("sync", mentioning(id_shape("a destination"), Mentioned.DESTINATION), "The destination.", required=True)
_LIST = Key("list", id_shape("a list"), "The list of the destination onto which the person goes.")
_REMOVE = Key("remove_after", DURATION, "Off the list again so long afterwards; by default never.")
_EVENT = Key("event", TextShape("the name of an event"), "The event that the destination is told.")
_PROPERTIES = Key(
    "properties",
    ByName("a mapping of names to values or references, such as `{cart: {context: entry.cart_id}}`", TextShape("a name"), _VALUE).then(
        _plain
    ),
    "The event's properties: values, or references such as `{context: entry.cart_id}`.",
)


def _sync(fields: Fields, _reading: Reading) -> Sync:
    return Sync(
        *placed(fields, _SYNC),
        fields[_SYNC],
        fields.get(_LIST),
        fields.get(_REMOVE),
        fields.get(_EVENT),
        fields.get(_PROPERTIES) or (),
    )


_SYNC_STEP: Shape[JourneyStep] = Record(
    "a `sync` step",
    [_SYNC, ID, _LIST, _REMOVE, _EVENT, _PROPERTIES],
    _sync,
    description="Tells a destination: onto a list, or an event.",
    rules=[
        AtLeastOne(("list", "event"), "a `sync` step says what the destination is told", "write `list: …` or `event: …`"),
        Apart(("list",), ("event",), "a destination takes people onto a list, or events"),
        Beside("remove_after", ("list",), "`remove_after` concerns a `list`"),
        Beside("properties", ("event",), "`properties` are those of an `event`"),
    ],
    hints={"destination": "the destination's name stands after `sync:`", "audience": "write `list`", "traits": "write `properties`"},
)

# ---- set -----------------------------------------------------------------------------------------------------------


def _settable(name: str, node: Node, reading: Reading) -> str:
    if name in ("user_id", "account_id"):
        reading.fail("name", f"`{name}` is the id itself and cannot be set", node.span, "choose another name")
    return name


_SET = Key("set", id_shape("a trait").then(_settable, {"not": {"enum": ["user_id", "account_id"]}}), "The trait.", required=True)
_TO = Key("to", _VALUE, "Its value, or a reference such as `{context: entry.plan}`.", required=True)
_SET_STEP: Shape[JourneyStep] = Record(
    "a `set` step",
    [_SET, _TO, ID],
    lambda fields, _: SetTrait(*placed(fields, _SET), fields[_SET], fields[_TO]),
    description="Sets a trait of ours on the user.",
    hints={**dict.fromkeys(("value", "eq"), "write `to`"), "trait": "the trait's name stands after `set:`"},
)

# ---- goto and exit -------------------------------------------------------------------------------------------------

_GOTO = Key("goto", TextShape("the id of a step"), "The id of a step further down.", required=True)
_GOTO_STEP: Shape[JourneyStep] = Record(
    "a `goto` step", [_GOTO, ID], lambda fields, _: Goto(*placed(fields, _GOTO), fields[_GOTO]), description="Goes on at another step."
)


def _own_reason(reason: str, node: Node, reading: Reading) -> str:
    if reason in RESERVED_REASONS:
        message = f"`{reason}` already says something else of an instance that is over"
        reading.fail("name", message, node.span, "choose another word for the reason")
    return reason


_EXIT = Key(
    "exit",
    id_shape("a reason").then(_own_reason, {"not": {"enum": sorted(RESERVED_REASONS)}}),
    "The reason, in a word: `lost_interest`.",
    required=True,
)
_EXIT_STEP: Shape[JourneyStep] = Record(
    "an `exit` step", [_EXIT, ID], lambda fields, _: Exit(*placed(fields, _EXIT), fields[_EXIT]), description="Ends the instance."
)

# ---- all of them ---------------------------------------------------------------------------------------------------

ACTIONS: dict[str, Shape[JourneyStep]] = {
    "delay": _DELAY_STEP,
    "send": _SEND_STEP,
    "sync": _SYNC_STEP,
    "set": _SET_STEP,
    "goto": _GOTO_STEP,
    "exit": _EXIT_STEP,
}
