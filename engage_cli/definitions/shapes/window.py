"""Shapes of windows: the stretch of time that a condition looks at. A condition takes at most one."""

from engage_cli.definitions.conditions import BetweenAgo, InPeriod, JourneySince, Range, Window, Within
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Definitions, Json, ListOf, Shape, any_of
from engage_cli.definitions.shapes.comparison import certainly_after
from engage_cli.definitions.shapes.key_rules import one_of_each
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import TextShape
from engage_cli.definitions.shapes.value import DURATION, PERIOD, TEMPORAL
from engage_cli.definitions.values import SECONDS, Day, Duration, Instant, Unit
from engage_cli.definitions.yaml_nodes import Mapping, Node, Scalar


def _between_ago(pair: tuple[Duration, ...], node: Node, reading: Reading) -> BetweenAgo:
    far, near = pair
    if _seconds(far)[1] <= _seconds(near)[0]:
        reading.fail(
            "impossible", f"`{far}` ago is not before `{near}` ago: the first of the two is the longer one", node.span, "swap them"
        )
    return BetweenAgo(far, near)


def _seconds(duration: Duration) -> tuple[int, int]:
    """The shortest and the longest that a duration can be."""
    if duration.unit is Unit.MONTH:
        return duration.amount * 28 * 86400, duration.amount * 31 * 86400
    if duration.unit is Unit.YEAR:
        return duration.amount * 365 * 86400, duration.amount * 366 * 86400
    exact = duration.amount * SECONDS[duration.unit]
    return exact, exact


_PAIR: Shape[BetweenAgo] = ListOf(
    DURATION, "a list of two durations, the longer one first, such as `[90 days, 30 days]`", at_least=2, at_most=2
).then(_between_ago)

WITHIN = Key("within", DURATION, "In (as_of − D, as_of].")
BETWEEN_AGO = Key("between_ago", _PAIR, "`[90 days, 30 days]`: in (as_of − 90 days, as_of − 30 days].")


_STEP = Key("step", TextShape("the id of a step"), "The step of the journey: from the arrival there on.", required=True)
_FROM_STEP: Record[str] = Record("a moment of the journey", [_STEP], lambda fields, _: fields[_STEP])


class _SinceShape(Shape[Day | Instant | JourneySince]):
    """A date or an instant; in journeys also a moment of the instance."""

    expected = TEMPORAL.expected

    def read(self, node: Node, reading: Reading) -> Day | Instant | JourneySince:
        if isinstance(node, Mapping):
            return self._tied(JourneySince(_FROM_STEP.read(node, reading), node.span), reading)
        if isinstance(node, Scalar) and node.text == "entry":
            return self._tied(JourneySince(None, node.span), reading)
        return TEMPORAL.read(node, reading)

    def _tied(self, since: JourneySince, reading: Reading) -> JourneySince:
        if reading.journey is None:
            hint = "write a date, or `within: 30 days`"
            reading.outside_journeys("`since: entry` and `since: {step: …}` are moments of a journey", since.span, hint)
        return since

    def schema(self, definitions: Definitions) -> Json:
        return any_of([TEMPORAL.schema(definitions), {"const": "entry"}, _FROM_STEP.schema(definitions)])


SINCE = Key("since", _SinceShape(), "From this instant on, included; from the start of a day. In a journey also `entry` or `{step: id}`.")
UNTIL = Key("until", TEMPORAL, "Up to this instant, excluded; to the end of a day.")
PERIOD_KEY = Key("period", PERIOD, "In a calendar period of as_of, in the project's zone.")

WINDOW_NAMES = ("within", "between_ago", "since", "until", "period")
_WHY = "each says which stretch of time is meant, and there is one (`since` and `until` make one together)"

EVENT_WINDOW_KEYS = (WITHIN, BETWEEN_AGO, SINCE, UNTIL, PERIOD_KEY)
EVENT_WINDOW_RULES = one_of_each(("within",), ("between_ago",), ("since", "until"), ("period",), why=_WHY)
SEQUENCE_WINDOW_KEYS = (WITHIN, SINCE, UNTIL, PERIOD_KEY)
SEQUENCE_WINDOW_RULES = one_of_each(("within",), ("since", "until"), ("period",), why=_WHY)


def window_of(fields: Fields, reading: Reading) -> Window:
    """The window that the keys of a record give; None is all history. A `since` of a journey is no part of it."""
    if WITHIN in fields:
        return Within(fields[WITHIN])
    if BETWEEN_AGO in fields:
        return fields[BETWEEN_AGO]
    if PERIOD_KEY in fields:
        return InPeriod(fields[PERIOD_KEY])
    since, until = fields.get(SINCE), fields.get(UNTIL)
    if isinstance(since, JourneySince):
        since = None
    if since is None and until is None:
        return None
    if since is not None and until is not None and certainly_after(since, until):
        reading.fail("impossible", "`until` is before `since`, so that nothing lies between them", fields.span(UNTIL), "swap them")
    return Range(since, until)


def journey_since(fields: Fields) -> JourneySince | None:
    """The moment of the journey from which on the keys of a record say to look."""
    since = fields.get(SINCE)
    return since if isinstance(since, JourneySince) else None
