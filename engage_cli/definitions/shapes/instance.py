"""Shapes of the conditions that ask about journeys: what an instance carries, which messages were made, who is inside."""

from engage_cli.definitions.conditions import INSIDE, Condition, ContextIs, JourneyState, MessageMade, MessageOf, MessageStatus, Window
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.comparison import (
    IGNORE_CASE,
    IGNORE_CASE_RULE,
    OPERATOR_HINTS,
    OPERATORS,
    at_least_one_operator,
    check_no_steps,
    comparison_of,
)
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, id_shape, mentioning
from engage_cli.definitions.shapes.value import CONTEXT_REF, context_path
from engage_cli.definitions.shapes.window import EVENT_WINDOW_KEYS, EVENT_WINDOW_RULES, journey_since, window_of

# ---- context -------------------------------------------------------------------------------------------------------

_comparison = comparison_of(OPERATORS)


def _context_is(fields: Fields, reading: Reading) -> Condition:
    path, comparison = context_path(fields, reading), _comparison(fields)
    check_no_steps(comparison, reading)
    return ContextIs(path, comparison, fields.span(CONTEXT_REF))


CONTEXT_CONDITION: Shape[Condition] = Record(
    "a `context` condition",
    [CONTEXT_REF, *OPERATORS, IGNORE_CASE],
    _context_is,
    description="A property of the event that entered, or that a hold's branch took, compares so. In journeys only.",
    rules=[
        at_least_one_operator(
            OPERATORS,
            "a `context` condition needs something to compare with",
            "write an operator beside `context`, such as `gt: 100`, or `exists: true`",
        ),
        IGNORE_CASE_RULE,
    ],
    hints=OPERATOR_HINTS,
)

# ---- messages ------------------------------------------------------------------------------------------------------

_BROADCAST = Key("broadcast", mentioning(id_shape("a broadcast"), Mentioned.BROADCAST), "A message of this broadcast.")
_JOURNEY = Key("journey", mentioning(id_shape("a journey"), Mentioned.JOURNEY), "A message of this journey, whichever of its steps.")
_STEP = Key(
    "step", TextShape("the id of a step"), "A message of this step: of the journey in which this stands, or of the one named beside it."
)
_STATUS = Key(
    "status",
    Choice(
        "what became of the message",
        {status.value: status for status in MessageStatus},
        hints={**dict.fromkeys(("made", "queued", "pending"), "write `scheduled`"), "open": "write `opened`", "click": "write `clicked`"},
    ),
    "scheduled (default): made; sent, skipped: decided so; delivered, opened, clicked, bounced, converted: it came back as an event.",
)


def _message(fields: Fields, reading: Reading) -> MessageMade:
    status, span = fields.get(_STATUS) or MessageStatus.SCHEDULED, fields.node.span
    if (step := fields.get(_STEP)) is not None:
        journey = fields.get(_JOURNEY) or (reading.journey.name if reading.journey is not None else None)
        if journey is None and reading.journey is None:
            hint = "name the journey beside it: `{journey: cart_recovery, step: nudge}`"
            reading.outside_journeys("`step` alone is one of the journey in which it stands", fields.key_span(_STEP), hint)
        return MessageMade(MessageOf.STEP, step, status, span, journey=journey)
    if (journey := fields.get(_JOURNEY)) is not None:
        return MessageMade(MessageOf.JOURNEY, journey, status, span)
    return MessageMade(MessageOf.BROADCAST, fields[_BROADCAST], status, span)


_WHOSE = "a message is of one broadcast, of one journey, or of one step of a journey"
_MESSAGE = Key(
    "message",
    Record(
        "`message`",
        [_BROADCAST, _JOURNEY, _STEP, _STATUS],
        _message,
        rules=[
            AtLeastOne(("broadcast", "journey", "step"), _WHOSE, "name it: `{journey: cart_recovery, status: clicked}`"),
            Apart(("broadcast",), ("journey", "step"), _WHOSE),
        ],
        hints={"state": "write `status`", "template": "messages are asked for by `broadcast`, `journey` or `step`"},
    ),
    "Such a message was made for the user.",
    required=True,
)


def _window(fields: Fields, reading: Reading) -> Window:
    """The window; messages and journeys are the user's, whatever the instance."""
    if (since := journey_since(fields)) is not None:
        hint = "only `event` and `sequence` conditions begin at a moment of the journey; write a date, or `within: 30 days`"
        reading.fail("impossible", "this `since` takes a date or an instant", since.span, hint)
    return window_of(fields, reading)


def _message_made(fields: Fields, reading: Reading) -> Condition:
    made = fields[_MESSAGE]
    return MessageMade(made.of, made.name, made.status, made.span, journey=made.journey, window=_window(fields, reading))


_WINDOW_HINTS = {"last": "write `within: 30 days`", "count": "a message was made or not; messages are not counted"}
MESSAGE_CONDITION: Shape[Condition] = Record(
    "a `message` condition",
    [_MESSAGE, *EVENT_WINDOW_KEYS],
    _message_made,
    description="Such a message was made for the user, in the window.",
    rules=EVENT_WINDOW_RULES,
    hints={**_WINDOW_HINTS, "status": "it stands inside: `message: {journey: cart_recovery, status: clicked}`"},
)

# ---- journeys ------------------------------------------------------------------------------------------------------

_STATE_OF = Key("journey", mentioning(id_shape("a journey"), Mentioned.JOURNEY), "The user is, or was, in this journey.", required=True)
_STATE = Key(
    "status",
    id_shape("a state or a reason: `inside`, `ended`, `completed`, `exited`, `goal`, or that of an `exit` step"),
    "inside (default): has entered and not ended; ended: for whatever reason; else the reason why it ended.",
)
JOURNEY_CONDITION: Shape[Condition] = Record(
    "a `journey` condition",
    [_STATE_OF, _STATE, *EVENT_WINDOW_KEYS],
    lambda fields, reading: JourneyState(
        fields[_STATE_OF], fields.get(_STATE) or INSIDE, fields.span(_STATE_OF), window=_window(fields, reading)
    ),
    description="The user is inside the journey, or has ended it.",
    rules=EVENT_WINDOW_RULES,
    hints={**_WINDOW_HINTS, **dict.fromkeys(("state", "reason"), "write `status`")},
)
