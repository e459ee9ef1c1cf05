"""The shape of what a `delay` waits for."""

import re

from engage_cli.definitions.journey_steps import (
    ClockTime,
    ForDuration,
    InWindow,
    Offset,
    UntilInstant,
    UntilLocalTime,
    UntilValue,
    Wait,
    Weekday,
)
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ByForm, Definitions, Json, ListOf, Shape
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice
from engage_cli.definitions.shapes.settings import CLOCK_TIME
from engage_cli.definitions.shapes.value import CONTEXT_REFERENCE, DURATION, DURATION_PATTERN, TEMPORAL, TRAIT_REFERENCE
from engage_cli.definitions.values import ContextRef, Reference, Text, TraitRef
from engage_cli.definitions.yaml_nodes import Node, Scalar, described

_END_OF_DAY = ClockTime(1440)

# ---- times and days ------------------------------------------------------------------------------------------------


def _not_the_end(time: ClockTime, node: Node, reading: Reading) -> ClockTime:
    if time == _END_OF_DAY:
        reading.fail("choice", '"24:00" is the end of a day, at which only a window ends', node.span, 'write "00:00"')
    return time


_TIME: Shape[ClockTime] = CLOCK_TIME.then(_not_the_end, {"not": {"const": "24:00"}})


def _in_order(days: tuple[Weekday, ...], node: Node, reading: Reading) -> tuple[Weekday, ...]:
    if len(set(days)) < len(days):
        reading.fail("duplicate", "a day stands twice in `days`", node.span, "keep one of the two")
    return tuple(day for day in Weekday if day in days)


_DAY = Choice(
    "a day of the week",
    {day.value: day for day in Weekday},
    hints={
        f"{name}{end}": f"write `{name[:3].lower()}`"
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        for name in (day, day.title())
        for end in ("", "s")
    },
)
_DAYS = Key(
    "days",
    ListOf(_DAY, "a list of days, such as `[mon, tue]`").then(_in_order),
    "Only on these days: mon tue wed thu fri sat sun. Any day by default.",
)

# ---- until ---------------------------------------------------------------------------------------------------------

_TIME_KEY = Key("time", _TIME, "The time of day, where the person is.", required=True)
_LOCAL_TIME: Record[Wait] = Record(
    "a time of day",
    [_TIME_KEY, _DAYS],
    lambda fields, _: UntilLocalTime(fields[_TIME_KEY], fields.get(_DAYS) or ()),
    description="The next such moment where the person is.",
    hints={"day": "write `days: [mon]`", "timezone": "it is the person's, by `person_timezone` in engage.yaml"},
)


def _until_value(reference: Reference, _node: Node, _reading: Reading) -> Wait:
    assert isinstance(reference, ContextRef | TraitRef)
    return UntilValue(reference)


class _OffsetShape(Shape[Offset]):
    """`1 day`, or `-1 hour` for before."""

    expected = "a duration such as `-1 hour` (before) or `2 days` (after)"

    def read(self, node: Node, reading: Reading) -> Offset:
        if not isinstance(node, Scalar) or not isinstance(node.value, Text):
            raise self.mismatch(node, reading, "say of what: `-1 hour`" if isinstance(node, Scalar) else None)
        before = node.text.startswith("-")
        text = node.text[1:] if before else node.text
        if not re.match(r"[0-9]", text):
            reading.fail("duration", f"expected {self.expected}, found {described(node)}", node.span)
        return Offset(DURATION.read(Scalar(Text(text), text, node.plain, node.span), reading), before)

    def schema(self, definitions: Definitions) -> Json:
        return {"type": "string", "pattern": DURATION_PATTERN.replace("^", "^-?", 1), "examples": ["-1 hour", "2 days"]}


_UNTIL = Key(
    "until",
    ByForm(
        'a date or an instant, a time of day (`{time: "09:00"}`), or a date of the data (`{context: entry.starts_at}`)',
        scalar=TEMPORAL.then(lambda value, _node, _reading: UntilInstant(value)),
        mapping=Kinds(
            "`until`",
            {
                "time": _LOCAL_TIME,
                "context": CONTEXT_REFERENCE.then(_until_value),
                "trait": TRAIT_REFERENCE.then(_until_value),
            },
            hints={"ref": "only a `sequence` has steps to refer to; write `context`", "days": 'add the time of day: `time: "09:00"`'},
        ),
        hints={"list": "one moment stands here"},
    ),
    "Until then: a date or an instant, a time of day, or a date of the data.",
    required=True,
)
_OFFSET = Key("offset", _OffsetShape(), "So long before (`-1 hour`) or after (`2 days`) a date of the data.")


def _until(fields: Fields, reading: Reading) -> Wait:
    wait = fields[_UNTIL]
    if _OFFSET not in fields:
        return wait
    if not isinstance(wait, UntilValue):
        hint = "write the moment itself"
        reading.fail("keys-clash", "`offset` stands beside a date of the data (`context` or `trait`)", fields.key_span(_OFFSET), hint)
    return UntilValue(wait.value, fields[_OFFSET])


_OF_THE_DATA: Json = {
    "if": {"required": ["offset"]},
    "then": {"properties": {"until": {"type": "object", "not": {"required": ["time"]}}}},
}

# ---- windows -------------------------------------------------------------------------------------------------------

_FROM = Key("from", _TIME, "From this time of day on, included.", required=True)
_TO = Key("to", CLOCK_TIME, 'Until this time of day, excluded; "24:00" is the end of the day.', required=True)


def _window(fields: Fields, reading: Reading) -> Wait:
    start, end = fields[_FROM], fields[_TO]
    if start >= end:
        message = f'a window lies within one day, and "{end}" is not after "{start}"'
        reading.fail("impossible", message, fields.span(_TO), "swap the two, or wait until a `time`")
    return InWindow(start, end, fields.get(_DAYS) or ())


_WINDOW = Key(
    "window",
    Record("`window`", [_FROM, _TO, _DAYS], _window, hints={"start": "write `from`", "end": "write `to`"}),
    "Until the next moment in this window, where the person is; no wait inside it.",
    required=True,
)

# ---- the wait ------------------------------------------------------------------------------------------------------

WAIT: Shape[Wait] = ByForm(
    "a duration such as `1 day`, or `{until: …}` or `{window: …}`",
    scalar=DURATION.then(lambda duration, _node, _reading: ForDuration(duration)),
    mapping=Kinds(
        "a delay",
        {
            "until": Record("`until`", [_UNTIL, _OFFSET], _until, extra=[_OF_THE_DATA]),
            "window": Record("a window", [_WINDOW], lambda fields, _: fields[_WINDOW]),
        },
        hints={
            **dict.fromkeys(("for", "duration"), "write the duration itself: `delay: 1 day`"),
            **dict.fromkeys(("time", "days", "context", "trait"), "put it under `until:`"),
            **dict.fromkeys(("from", "to", "between"), "put it under `window:`"),
        },
        belongs={"offset": "`offset` stands beside `until:`, which is missing"},
    ),
)
