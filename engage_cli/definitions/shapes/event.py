"""The shape of `event` conditions. docs/conditions.md has the fine print."""

from engage_cli.definitions.comparisons import ALWAYS, Comparison, Op, Test
from engage_cli.definitions.conditions import Aggregate, Ask, Count, Days, Edge, EventDone, FirstTime, Regularly
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Definitions, Json, Shape, one_or_more
from engage_cli.definitions.shapes.comparison import COUNT_COMPARISON
from engage_cli.definitions.shapes.key_rules import Apart, one_of_each
from engage_cli.definitions.shapes.match import MATCH
from engage_cli.definitions.shapes.measure import measure_keys
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import OnlyTrue, TextShape, WholeNumber
from engage_cli.definitions.shapes.value import DURATION
from engage_cli.definitions.shapes.where import WHERE, check_no_step_references
from engage_cli.definitions.shapes.window import EVENT_WINDOW_KEYS, EVENT_WINDOW_RULES, WINDOW_NAMES, journey_since, window_of
from engage_cli.definitions.values import Boolean, Literal, Number, Text
from engage_cli.definitions.yaml_nodes import Node, Scalar, shortened

# ---- names and first time ------------------------------------------------------------------------------------------

_NAME = TextShape('the name of an event, such as `Order Completed` (`"Order *"` for any that begins so)')
EVENT_NAMES: Shape[tuple[str, ...]] = one_or_more(_NAME, "the name of an event, or a list of names")
EVENT = Key("event", EVENT_NAMES, "The event's name, or a list: any of them. `*` stands for any text.", required=True)
EVENT_WHERE = Key("where", WHERE, "What the event's properties must be like.")


_FIRST_TIMES: dict[Literal, FirstTime] = {Boolean(True): FirstTime.BY_WHERE, Text("by_name"): FirstTime.BY_NAME}


class _FirstTimeShape(Shape[FirstTime]):
    expected = "`true` or `by_name`"

    def read(self, node: Node, reading: Reading) -> FirstTime:
        if not isinstance(node, Scalar) or node.value is None:
            raise self.mismatch(node, reading)
        if node.value not in _FIRST_TIMES:
            found = shortened(node.text)
            reading.fail("choice", f"expected {self.expected}, found {found}", node.span, "leave the key out to take any event")
        return _FIRST_TIMES[node.value]

    def schema(self, definitions: Definitions) -> Json:
        return {"enum": [True, "by_name"]}


FIRST_TIME: Key[FirstTime] = Key(
    "first_time",
    _FirstTimeShape(),
    "true: the first event ever that meets `where`; by_name: the first ever of that name, and it meets `where`.",
)

# ---- counts and measures -------------------------------------------------------------------------------------------


_MEASURE_KEYS = measure_keys("events", "property")
_COUNT_KEY = Key("count", COUNT_COMPARISON, "How many events match; without any count or measure, at least one.")
_NEVER = Key("never", OnlyTrue("leave the key out, or ask for `count: {gte: 1}`"), "Not at all; the same as `count: 0`.")
_DAYS = Key("days", COUNT_COMPARISON, "On how many distinct calendar days, in the project's zone.")
_EARLIEST = Key("earliest", WHERE, "The first of the matching events meets this as well.")
_LATEST = Key("latest", WHERE, "The last of the matching events meets this as well.")

_EVERY = Key("every", DURATION, "The length of one stretch, counted back from as_of.", required=True)
_AT_LEAST = Key("at_least", WholeNumber("a whole number from 1 on", at_least=1), "In how many of the stretches at least.", required=True)
_OF_LAST = Key(
    "of_last", WholeNumber("a whole number from 1 to 1,000", at_least=1, at_most=1000), "How many stretches are looked at.", required=True
)


def _regularly(fields: Fields, reading: Reading) -> Regularly:
    at_least, of_last = fields[_AT_LEAST], fields[_OF_LAST]
    if at_least > of_last:
        message = f"`at_least` is {at_least}, and `of_last` only {of_last}: this can never hold"
        reading.fail("impossible", message, fields.span(_AT_LEAST), "make `at_least` the smaller one")
    return Regularly(fields[_EVERY], at_least, of_last, None)


_REGULARLY = Key(
    "regularly",
    Record("`regularly`", [_EVERY, _AT_LEAST, _OF_LAST], _regularly, hints={"last": "write `of_last`", "min": "write `at_least`"}),
    "In at least so many of the last so many stretches of time.",
)
_ASK_NAMES = ("count", "never", *(aggregate.value for aggregate in Aggregate), "days", "earliest", "latest")
_ASK_RULES = one_of_each(
    *((name,) for name in _ASK_NAMES), why="an event condition takes one count or measure; put two conditions under `all`"
)


def _ask(fields: Fields) -> Ask:
    if (regular := fields.get(_REGULARLY)) is not None:
        return Regularly(regular.every, regular.at_least, regular.of_last, fields.get(_COUNT_KEY))
    if (count := fields.get(_COUNT_KEY)) is not None:
        return Count(count)
    if _NEVER in fields:
        span = fields.span(_NEVER)
        return Count(Comparison((Test(Op.EQ, Number(0), span),), False, span))
    if (days := fields.get(_DAYS)) is not None:
        return Days(days)
    for edge in (_EARLIEST, _LATEST):
        if edge in fields:
            return Edge(edge is _LATEST, fields[edge])
    return next(iter(fields.all_of(_MEASURE_KEYS)), None)


# ---- the condition -------------------------------------------------------------------------------------------------


def _event(fields: Fields, reading: Reading) -> EventDone:
    done = EventDone(
        fields[EVENT],
        fields.span(EVENT),
        where=fields.get(EVENT_WHERE) or ALWAYS,
        window=window_of(fields, reading),
        ask=_ask(fields),
        first_time=fields.get(FIRST_TIME),
        match=fields.get(MATCH),
        since=journey_since(fields),
    )
    edge = done.ask.where if isinstance(done.ask, Edge) else ALWAYS
    for where in (done.where, edge):
        check_no_step_references(where, reading, "compare with a trait (`{trait: …}`) or a value, or make it a `sequence`")
    return done


EVENT_CONDITION: Record[EventDone] = Record(
    "an event condition",
    [
        EVENT,
        EVENT_WHERE,
        MATCH,
        *EVENT_WINDOW_KEYS,
        _COUNT_KEY,
        _NEVER,
        *_MEASURE_KEYS,
        _DAYS,
        _EARLIEST,
        _LATEST,
        FIRST_TIME,
        _REGULARLY,
    ],
    _event,
    description="The user did this event, as often, when and how the keys say.",
    rules=[
        *EVENT_WINDOW_RULES,
        *_ASK_RULES,
        Apart(("first_time",), _ASK_NAMES, "`first_time` asks for one event, which is there or not"),
        Apart(("first_time",), ("regularly",), "`first_time` asks for one event, which is there or not"),
        Apart(("regularly",), WINDOW_NAMES, "`regularly` looks at stretches of its own, back from as_of"),
        Apart(("regularly",), tuple(name for name in _ASK_NAMES if name != "count"), "`regularly` goes with `count` only"),
    ],
    hints={
        **dict.fromkeys(("at_least", "min_count", "times"), "write `count: {gte: 3}`"),
        **dict.fromkeys(("at_most", "max_count"), "write `count: {lte: 3}`"),
        **dict.fromkeys(("exactly", "equals"), "write `count: 3`"),
        **dict.fromkeys(("within_last", "last", "in_last", "during"), "write `within: 30 days`"),
        **dict.fromkeys(("after", "from"), "write `since: 2026-01-05`"),
        **dict.fromkeys(("before", "to"), "write `until: 2026-01-05`"),
        **dict.fromkeys(("filter", "filters", "properties", "property", "with"), "conditions on properties stand under `where`"),
        **dict.fromkeys(("average", "mean"), "write `avg`"),
        **dict.fromkeys(("distinct", "count_distinct", "unique_count"), "write `unique: {property: sku, gte: 3}`"),
        **dict.fromkeys(("first",), "write `earliest: {…}` for the first event, or `first_time: true`"),
        **dict.fromkeys(("most_recent",), "write `latest: {…}`"),
        "ignore_case": "it stands with the operators under `where`",
    },
)
