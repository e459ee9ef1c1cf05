"""Shapes of windows: the stretch of time that a condition looks at. A condition takes at most one."""

from engage_cli.definitions.conditions import BetweenAgo, InPeriod, Range, Window, Within
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Definitions, Json, ListOf, Shape
from engage_cli.definitions.shapes.comparison import certainly_after
from engage_cli.definitions.shapes.key_rules import one_of_each
from engage_cli.definitions.shapes.record import Fields, Key
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


class _SinceShape(Shape[Day | Instant]):
    """A date or an instant; in journeys, later, also a moment of the instance."""

    expected = TEMPORAL.expected

    def read(self, node: Node, reading: Reading) -> Day | Instant:
        if (isinstance(node, Scalar) and node.text == "entry") or (isinstance(node, Mapping) and node.keys == ("step",)):
            reading.not_built("conditions that begin at an entry or a step of a journey (`since: entry`)", node.span)
            reading.give_up()
        return TEMPORAL.read(node, reading)

    def schema(self, definitions: Definitions) -> Json:
        return TEMPORAL.schema(definitions)


SINCE = Key("since", _SinceShape(), "From this instant on, included; from the start of a day.")
UNTIL = Key("until", TEMPORAL, "Up to this instant, excluded; to the end of a day.")
PERIOD_KEY = Key("period", PERIOD, "In a calendar period of as_of, in the project's zone.")

WINDOW_NAMES = ("within", "between_ago", "since", "until", "period")
_WHY = "each says which stretch of time is meant, and there is one (`since` and `until` make one together)"

EVENT_WINDOW_KEYS = (WITHIN, BETWEEN_AGO, SINCE, UNTIL, PERIOD_KEY)
EVENT_WINDOW_RULES = one_of_each(("within",), ("between_ago",), ("since", "until"), ("period",), why=_WHY)
SEQUENCE_WINDOW_KEYS = (WITHIN, SINCE, UNTIL, PERIOD_KEY)
SEQUENCE_WINDOW_RULES = one_of_each(("within",), ("since", "until"), ("period",), why=_WHY)


def window_of(fields: Fields, reading: Reading) -> Window:
    """The window that the keys of a record give; None is all history."""
    if WITHIN in fields:
        return Within(fields[WITHIN])
    if BETWEEN_AGO in fields:
        return fields[BETWEEN_AGO]
    if PERIOD_KEY in fields:
        return InPeriod(fields[PERIOD_KEY])
    since, until = fields.get(SINCE), fields.get(UNTIL)
    if since is None and until is None:
        return None
    if since is not None and until is not None and certainly_after(since, until):
        reading.fail("impossible", "`until` is before `since`, so that nothing lies between them", fields.span(UNTIL), "swap them")
    return Range(since, until)
