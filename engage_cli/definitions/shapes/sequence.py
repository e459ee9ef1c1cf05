"""The shape of `sequence` conditions. docs/conditions.md has the fine print."""

from typing import NamedTuple

from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.conditions import FirstTime, Order, SequenceDone, Step
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Json, ListOf, Shape
from engage_cli.definitions.shapes.event import EVENT, EVENT_WHERE, FIRST_TIME
from engage_cli.definitions.shapes.key_rules import Beside
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.match import MATCH
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, Choice, WholeNumber, id_shape
from engage_cli.definitions.shapes.value import DURATION
from engage_cli.definitions.shapes.where import step_references
from engage_cli.definitions.shapes.window import SEQUENCE_WINDOW_KEYS, SEQUENCE_WINDOW_RULES, journey_since, window_of
from engage_cli.records import replace
from engage_cli.source import Span, did_you_mean

MAX_STEPS = 12
MAX_STEPS_ANY = 8

# ---- steps ---------------------------------------------------------------------------------------------------------


class _Written(NamedTuple):
    """A step as written, with what only the checks of the sequence need."""

    step: Step
    span: Span
    settled: bool = False


_ALIAS = Key("as", id_shape("a step"), "A name for the event of this step, for `{ref: name.property}` in later ones.")
_STEP_WITHIN = Key("within", DURATION, "At most so long after the event of the step before, end included.")
_NOT_WITHIN = Key("within", DURATION, "For so long after the last step; only at the end of the sequence.")
_SETTLED = Key("settled", BOOLEAN, "true: holds only once the time of `within` is over.")


def _event_of(fields: Fields, reading: Reading) -> Step:
    return Step(fields[EVENT], fields.span(EVENT), where=fields.get(EVENT_WHERE) or ALWAYS)


def _positive(fields: Fields, reading: Reading) -> _Written:
    first_time = fields.get(FIRST_TIME)
    step = replace(
        _event_of(fields, reading),
        alias=fields.get(_ALIAS),
        within=fields.get(_STEP_WITHIN),
        first_time=first_time,
    )
    if first_time is FirstTime.BY_WHERE and (found := next(step_references(step.where), None)) is not None:
        reading.fail(
            "reference",
            "a step with `first_time: true` is the first event that meets `where`, whatever the steps before: it takes no `ref`",
            found[1],
            "`first_time: by_name` takes one",
        )
    return _Written(step, fields.node.span)


_EVENT_ALONE = Record("an event that must not happen", [EVENT, EVENT_WHERE], _event_of)
_NOT_KEY = Key("not", _EVENT_ALONE, "The event that must not happen.", required=True)


def _negative(fields: Fields, reading: Reading) -> _Written:
    step = replace(fields[_NOT_KEY], within=fields.get(_NOT_WITHIN), negated=True)
    return _Written(step, fields.node.span, fields.get(_SETTLED) or False)


_STEP_HINTS = {
    "name": "write `as`",
    "alias": "write `as`",
    "id": "write `as`",
    "count": "a step is one event; write it again for a second one",
    "match": "it stands beside `sequence`, and concerns all of its events",
}
_POSITIVE: Shape[_Written] = Record("a step", [EVENT, EVENT_WHERE, _ALIAS, _STEP_WITHIN, FIRST_TIME], _positive, hints=_STEP_HINTS)
_NEGATIVE: Shape[_Written] = Record(
    "a `not` step",
    [_NOT_KEY, _NOT_WITHIN, _SETTLED],
    _negative,
    rules=[Beside("settled", ("within",), "`settled` asks that the time of `within` is over, and there is no `within`")],
)
_STEP: Shape[_Written] = Kinds("a step", {"event": _POSITIVE, "not": _NEGATIVE}, scalar_hint="write `{event: …}`")

# ---- the sequence --------------------------------------------------------------------------------------------------

_SEQUENCE = Key(
    "sequence", ListOf(_STEP, f"a list of 2 to {MAX_STEPS} steps", at_least=2, at_most=MAX_STEPS), "The steps in order.", required=True
)
_ORDER = Key(
    "order",
    Choice("the order of the steps", {order.value: order for order in Order}),
    "then (default): other events may come between; strict: none may; any: every step, in any order.",
)
_AT_LEAST = Key("at_least", WholeNumber("a whole number from 1 on", at_least=1), "With `order: any`: so many of the steps.")
_SPAN = Key("span", DURATION, "At most so long from the first step to the last, end included.")
_WITHOUT = Key(
    "without",
    ListOf(_EVENT_ALONE, "a list of events, such as `[{event: Cart Viewed}]`"),
    "None of these strictly between the first step and the last.",
)


def _sequence(fields: Fields, reading: Reading) -> SequenceDone:
    written = fields[_SEQUENCE]
    order = fields.get(_ORDER) or Order.THEN
    issues_before = len(reading.issues)
    _check_aliases(written, fields, reading)
    if order is Order.ANY:
        _check_any_order(written, fields, reading)
    else:
        _check_in_order(written, fields, reading)
    settled = _settled(written, reading)
    window = window_of(fields, reading)
    if len(reading.issues) > issues_before:
        reading.give_up()
    return SequenceDone(
        tuple(one.step for one in written),
        fields.span(_SEQUENCE),
        window=window,
        order=order,
        at_least=fields.get(_AT_LEAST),
        duration=fields.get(_SPAN),
        settled=settled,
        without=fields.get(_WITHOUT) or (),
        match=fields.get(MATCH),
        since=journey_since(fields),
    )


def _check_aliases(written: tuple[_Written, ...], fields: Fields, reading: Reading) -> None:
    """Aliases are unique; a step refers to earlier ones, `without` to any; without an order nobody refers to any."""
    known: list[str] = []
    in_any_order = fields.get(_ORDER) is Order.ANY
    for one in written:
        _check_references(one.step, known, "an earlier step", reading, allowed=not in_any_order)
        if one.step.alias in known:
            reading.report("duplicate-id", f"two steps are named `{one.step.alias}`", one.span, "give one of them another name")
        elif one.step.alias is not None:
            known.append(one.step.alias)
    for step in fields.get(_WITHOUT) or ():
        _check_references(step, known, "a step", reading, allowed=not in_any_order)


def _check_references(step: Step, known: list[str], what: str, reading: Reading, *, allowed: bool) -> None:
    for reference, span in step_references(step.where):
        if not allowed:
            reading.report(
                "reference", "with `order: any` no step is the earlier one, so that `ref` has no meaning", span, "leave out `order: any`"
            )
        elif reference.step not in known:
            hint = did_you_mean(reference.step, known) or f"write `as: {reference.step}` beside the `event` of that step"
            reading.report("reference", f"no `as: {reference.step}` names {what}", span, hint)


def _check_in_order(written: tuple[_Written, ...], fields: Fields, reading: Reading) -> None:
    """The rules of steps that come one after the other."""
    if _AT_LEAST in fields:
        message = "`at_least` goes with `order: any`: steps in order are all needed"
        reading.report("keys-clash", message, fields.key_span(_AT_LEAST), "add `order: any`, or leave it out")
    positive = [at for at, one in enumerate(written) if not one.step.negated]
    if not positive:
        reading.report(
            "sequence", "every step is a `not` step: a sequence needs an event that happens", written[0].span, "add a step with `event`"
        )
        return
    if written[0].step.negated:
        hint = "put the event that starts the wait first; `never: true` in a condition of its own says that an event never happened"
        reading.report("sequence", "a sequence cannot begin with a `not` step", written[0].span, hint)
    elif written[0].step.within is not None:
        hint = "put `within` beside `sequence` to bound all its events"
        reading.report("sequence", "the first step has no step before it that its `within` could count from", written[0].span, hint)
    for one in written[: positive[-1]]:
        if one.step.negated and one.step.within is not None:
            hint = "leave it out; it must not happen anywhere between its neighbours"
            reading.report("sequence", "a `not` step between two steps takes no `within`", one.span, hint)


def _check_any_order(written: tuple[_Written, ...], fields: Fields, reading: Reading) -> None:
    """The rules of steps whose order does not count."""
    if len(written) > MAX_STEPS_ANY:
        reading.report(
            "length", f"a sequence with `order: any` takes at most {MAX_STEPS_ANY} steps, found {len(written)}", fields.span(_SEQUENCE)
        )
    for one in written:
        if one.step.negated:
            reading.report("sequence", "with `order: any` there is no place between steps for a `not` step", one.span, "use `without`")
        elif one.step.within is not None:
            reading.report("sequence", "with `order: any` a step's `within` has nothing to count from", one.span, "use `span`")
    at_least = fields.get(_AT_LEAST)
    if at_least is not None and at_least > len(written):
        reading.report("impossible", f"`at_least` is {at_least}, and there are only {len(written)} steps", fields.span(_AT_LEAST))


def _settled(written: tuple[_Written, ...], reading: Reading) -> bool:
    """Whether the waits at the end must be over: said by all of the `not` steps there that have a `within`, or by none."""
    waits = [one for one in written if one.step.negated and one.step.within is not None]
    settled = [one for one in waits if one.settled]
    if settled and len(settled) < len(waits):
        waiting = next(one for one in waits if not one.settled)
        hint = "write it beside each of them, or beside none"
        reading.report("sequence", "`settled: true` stands beside another `not` step, and not beside this one", waiting.span, hint)
    return bool(settled)


_LONE_EVENT: Json = {"required": ["event"], "not": {"required": ["within"]}}
_ORDER_SCHEMA: list[Json] = [
    {"properties": {"sequence": {"prefixItems": [_LONE_EVENT]}}},
    {
        "if": {"properties": {"order": {"const": "any"}}, "required": ["order"]},
        "then": {"properties": {"sequence": {"maxItems": MAX_STEPS_ANY, "items": _LONE_EVENT}}},
        "else": {"not": {"required": ["at_least"]}},
    },
]
"""What the first step is, and what `order: any` asks of every step."""

SEQUENCE_CONDITION: Record[SequenceDone] = Record(
    "a sequence",
    [_SEQUENCE, MATCH, *SEQUENCE_WINDOW_KEYS, _ORDER, _AT_LEAST, _SPAN, _WITHOUT],
    _sequence,
    description="The user did these events in order.",
    rules=[*SEQUENCE_WINDOW_RULES],
    hints={
        "between_ago": "a sequence takes `within`, `since` and `until`, or `period`",
        "settled": "write it beside the `not` step at the end, with its `within`",
        "steps": "the list of steps stands under `sequence` itself",
        "duration": "write `span`",
        "where": "`where` stands inside the steps",
        "count": "a sequence was done or not; it is not counted",
    },
    extra=_ORDER_SCHEMA,
)
