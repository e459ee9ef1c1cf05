"""Generated definitions: any model that a file could hold, in the canonical form that the reader gives."""

import os
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.comparisons import ALWAYS, Comparison, Element, Field, ListFile, Op, Test, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.conditions import (
    Aggregate,
    AllOf,
    AnyOf,
    BetweenAgo,
    Condition,
    ConsentStatus,
    Count,
    Days,
    Edge,
    EventDone,
    Everyone,
    FirstTime,
    HasConsent,
    HasEntity,
    InAudience,
    InPeriod,
    InShare,
    InSql,
    Measure,
    NoneOf,
    Not,
    Order,
    Quantified,
    Quantifier,
    Range,
    Regularly,
    SequenceDone,
    Step,
    TraitIs,
    Within,
)
from engage_cli.definitions.paths import EACH, Path
from engage_cli.definitions.shapes.comparison import FOLDING
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.values import Boolean, Day, Duration, Instant, Number, Period, StepRef, Text, TraitRef, Unit
from engage_cli.source import Span

PLACE = Span("", 1, 1, 1, 1)

law = settings(
    max_examples=max(1, int(os.environ.get("ENGAGE_EXAMPLES", "1000")) // 20),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
"""`ENGAGE_EXAMPLES` asks for more examples than CI does."""

# ---- values --------------------------------------------------------------------------------------------------------

WORDS = [
    "plan",
    "total",
    "items",
    "utm.source",
    "all",
    "not",
    "eq",
    "period",
    "trait",
    "ref",
    "a b",
    "no",
    "12",
    "1.5",
    "null",
    "2026-01-05",
    "é",
]
texts = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
ids = st.sampled_from(["a", "vips", "big_spenders", "x9"])
numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer() or abs(value) > 2**53),
)
counts = st.integers(0, 2**53).map(Number)
days = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(Day)
offsets = st.integers(-18 * 60, 18 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.builds(
    lambda moment, zone: Instant(moment.replace(tzinfo=zone)),
    st.datetimes(datetime(1800, 1, 1), datetime(2300, 1, 1)),
    st.none() | st.just(UTC) | offsets,
)
durations = st.builds(Duration, st.integers(1, 200), st.sampled_from(Unit))
periods = st.sampled_from(Period)
parts = st.sampled_from(WORDS) | texts
paths = st.lists(parts, min_size=1, max_size=3).map(lambda names: Path(tuple(names)))
paths_with_each = st.builds(lambda first, rest: Path((first, *rest)), parts, st.lists(parts | st.just(EACH), max_size=3))
trait_refs = paths.map(TraitRef)
literals = st.one_of(texts.map(Text), numbers.map(Number), st.booleans().map(Boolean), days, instants)
ordered = st.one_of(numbers.map(Number), days, instants)


@st.composite
def references(draw, steps: tuple[str, ...]):
    if steps and draw(st.booleans()):
        return StepRef(draw(st.sampled_from(steps)), draw(paths))
    return draw(trait_refs)


# ---- comparisons ---------------------------------------------------------------------------------------------------


def _pair(values):
    return st.tuples(values, values).map(lambda pair: tuple(sorted(pair, key=lambda value: value.value)))


def _several(values):
    return st.lists(values, min_size=1, max_size=3).map(tuple)


def _tests(operands):
    return st.one_of([st.builds(Test, st.just(op), operand, st.just(PLACE)) for op, operand in operands.items()])


def _numeric(values, pairs):
    several = _several(values)
    alone = dict.fromkeys((Op.EQ, Op.NE, Op.GT, Op.GTE, Op.LT, Op.LTE), values)
    return {**alone, Op.BETWEEN: pairs, Op.IN: several, Op.NOT_IN: several}


def _in_time(moments):
    return {
        **dict.fromkeys((Op.BEFORE, Op.AFTER, Op.SINCE, Op.UNTIL), moments),
        **dict.fromkeys((Op.WITHIN_LAST, Op.WITHIN_NEXT, Op.OLDER_THAN, Op.LATER_THAN), durations),
        Op.PERIOD: periods,
    }


def _all_operands(steps):
    refs = references(steps)
    values, some = literals | refs, _several(literals | refs) | refs
    in_order = ordered | refs
    regexes = st.sampled_from(["^a+$", r"\d{2,3}", "(x|y)*", "[]a]", "é", r"\Qa(b\E"]).map(Text)
    return {
        **dict.fromkeys((Op.EQ, Op.NE, Op.CONTAINS, Op.NOT_CONTAINS), values),
        **dict.fromkeys((Op.GT, Op.GTE, Op.LT, Op.LTE), in_order),
        Op.BETWEEN: _pair(numbers.map(Number)) | _pair(days) | st.tuples(refs, in_order),
        **dict.fromkeys((Op.IN, Op.NOT_IN), some),
        Op.CONTAINS_ANY: _several(literals),
        **dict.fromkeys((Op.STARTS_WITH, Op.ENDS_WITH), texts.map(Text) | refs),
        **dict.fromkeys((Op.MATCHES, Op.NOT_MATCHES), regexes),
        Op.EXISTS: st.booleans(),
        Op.IN_FILE: st.just(ListFile("lists/vips.csv")),
        **_in_time(days | instants | refs),
        Op.ANNIVERSARY_WITHIN_NEXT: st.builds(Duration, st.integers(1, 50), st.sampled_from([Unit.DAY, Unit.WEEK])),
    }


@st.composite
def _comparisons_of(draw, several_tests, with_case):
    tests = draw(several_tests)
    tests.sort(key=lambda test: list(Op).index(test.op))
    folds = with_case and any(test.op in FOLDING for test in tests)
    return Comparison(tuple(tests), folds and draw(st.booleans()), PLACE)


def _comparisons(operands, *, with_case: bool = False):
    # Made once, not at every draw: hypothesis checks each strategy that is new, which took longer than to draw from them.
    return _comparisons_of(st.lists(_tests(operands), min_size=1, max_size=3, unique_by=lambda test: test.op), with_case)


@cache
def comparisons(steps: tuple[str, ...] = ()):
    return st.deferred(lambda: _comparisons(_all_operands(steps), with_case=True))


count_comparisons = _comparisons(_numeric(counts, _pair(counts)))
number_comparisons = _comparisons(_numeric(numbers.map(Number), _pair(numbers.map(Number))))
day_comparisons = _comparisons(_numeric(days, _pair(days)) | _in_time(days))

# ---- wheres --------------------------------------------------------------------------------------------------------


def _groups(where):
    several = st.lists(where, min_size=2, max_size=3).map(tuple)
    return several.map(WhereAll) | several.map(WhereAny) | where.map(WhereNot)


@cache
def wheres(steps: tuple[str, ...] = (), *, in_element: bool = False, depth: int = 2) -> st.SearchStrategy[Where]:
    return st.deferred(lambda: _wheres(steps, in_element, depth))  # deferred, so that its repr stays short


def _wheres(steps: tuple[str, ...], in_element: bool, depth: int) -> st.SearchStrategy[Where]:
    own = st.none() if in_element else st.nothing()
    field = st.builds(Field, paths_with_each | own, comparisons(steps), st.just(PLACE))
    if depth == 0:
        return field
    inside = wheres(steps, in_element=True, depth=depth - 1)
    lists = paths.map(lambda path: Path((*path.parts, EACH)))
    element = st.builds(Element, lists, inside, st.just(PLACE))
    return st.one_of(field, element, _groups(wheres(steps, in_element=in_element, depth=depth - 1)))


# ---- conditions ----------------------------------------------------------------------------------------------------

names = _several(st.sampled_from(["Order Completed", "*", "Order *", "no", "404"]) | texts)
ranges = st.one_of(
    st.builds(Range, days | instants, st.none()), st.builds(Range, st.none(), days | instants), _pair(days).map(lambda pair: Range(*pair))
)
sequence_windows = st.one_of(st.none(), durations.map(Within), ranges, periods.map(InPeriod))
ago = st.integers(1, 99).flatmap(
    lambda near: st.builds(
        BetweenAgo, st.builds(Duration, st.integers(near + 1, 100), st.just(Unit.DAY)), st.just(Duration(near, Unit.DAY))
    )
)
windows = sequence_windows | ago


@st.composite
def _regularly(draw):
    at_least = draw(st.integers(1, 9))
    return Regularly(draw(durations), at_least, draw(st.integers(at_least, 1000)), draw(st.none() | count_comparisons))


asks = st.one_of(
    st.none(),
    count_comparisons.map(Count),
    count_comparisons.map(Days),
    st.builds(Edge, st.booleans(), wheres(depth=1)),
    st.builds(Measure, st.sampled_from([Aggregate.SUM, Aggregate.AVG, Aggregate.MIN, Aggregate.MAX]), paths_with_each, number_comparisons),
    st.builds(Measure, st.sampled_from([Aggregate.MIN, Aggregate.MAX]), paths_with_each, day_comparisons),
    st.builds(Measure, st.just(Aggregate.UNIQUE), paths_with_each, count_comparisons),
)
events = st.one_of(
    st.builds(EventDone, names, st.just(PLACE), where=st.just(ALWAYS) | wheres(), window=windows, ask=asks),
    st.builds(EventDone, names, st.just(PLACE), where=wheres(), window=windows, first_time=st.sampled_from(FirstTime)),
    st.builds(EventDone, names, st.just(PLACE), where=wheres(), ask=_regularly()),
)


@st.composite
def sequences(draw):
    in_order = draw(st.booleans())
    order = draw(st.sampled_from([Order.THEN, Order.STRICT])) if in_order else Order.ANY
    steps: list[Step] = []
    known: tuple[str, ...] = ()
    for at in range(draw(st.integers(2, 4))):
        alias = draw(st.none() | st.just(f"step_{at}"))
        first_time = draw(st.none() | st.sampled_from(FirstTime))
        visible = () if not in_order or first_time is FirstTime.BY_WHERE else known
        within = draw(st.none() | durations) if at and in_order else None
        where = draw(st.just(ALWAYS) | wheres(visible, depth=1))
        steps.append(Step(draw(names), PLACE, where, alias, within, first_time))
        known += (alias,) if alias else ()
    if in_order and draw(st.booleans()):
        steps.insert(1, Step(draw(names), PLACE, draw(wheres((), depth=0)), negated=True))
    at_the_end = draw(st.lists(st.none() | durations, max_size=2)) if in_order else []
    steps += [
        Step(draw(names), PLACE, draw(st.just(ALWAYS) | wheres(known, depth=0)), within=within, negated=True) for within in at_the_end
    ]
    positive = sum(not step.negated for step in steps)
    return SequenceDone(
        tuple(steps),
        PLACE,
        window=draw(sequence_windows),
        order=order,
        at_least=None if in_order else draw(st.none() | st.integers(1, positive)),
        duration=draw(st.none() | durations),
        settled=any(at_the_end) and draw(st.booleans()),
        without=tuple(Step(draw(names), PLACE, draw(wheres(known if in_order else (), depth=0))) for _ in range(draw(st.integers(0, 2)))),
    )


row_asks = st.one_of(
    st.none(),
    count_comparisons.map(Count),
    st.builds(Measure, st.sampled_from([Aggregate.SUM, Aggregate.AVG]), paths_with_each, number_comparisons),
    st.builds(Measure, st.sampled_from([Aggregate.MIN, Aggregate.MAX]), paths_with_each, day_comparisons),
    st.builds(Measure, st.just(Aggregate.UNIQUE), paths_with_each, count_comparisons),
)


@cache
def linked_rows(levels: int = 2) -> st.SearchStrategy[Condition]:
    """Conditions on linked rows, some with conditions on what is linked with these."""
    own = st.just(ALWAYS) | wheres(depth=1)
    if levels == 0:
        return st.builds(HasEntity, ids, st.just(PLACE), own, ask=row_asks)
    inside = st.deferred(lambda: linked_rows(levels - 1))
    several = st.lists(inside, min_size=1, max_size=2).map(tuple)
    groups = [st.builds(kind, several, st.just(PLACE)) for kind in (AllOf, AnyOf, NoneOf)]
    has = st.one_of(st.none(), inside, *groups, st.builds(Not, inside, st.just(PLACE)))
    return st.builds(HasEntity, ids, st.just(PLACE), own, has, row_asks)


statuses = st.lists(st.sampled_from(ConsentStatus), min_size=1, max_size=3, unique=True).map(tuple)

leaves = st.one_of(
    st.builds(HasConsent, ids, st.none() | ids, statuses, st.just(PLACE)),
    linked_rows(),
    st.just(Everyone(PLACE)),
    st.builds(TraitIs, paths_with_each, comparisons(), st.just(PLACE)),
    events,
    sequences(),
    st.builds(InShare, st.integers(0, 100_000_000), st.none() | texts, st.just(PLACE)),
    st.builds(InSql, texts | st.just("select user_id\nfrom events\n\nwhere event = 'x'\n"), st.just(PLACE)),
)


def grouped(condition):
    """Conditions in groups, negated, and about others."""
    several = st.lists(condition, min_size=1, max_size=3).map(tuple)
    kinds = [st.builds(kind, several, st.just(PLACE)) for kind in (AllOf, AnyOf, NoneOf)]
    quantified = st.builds(Quantified, st.sampled_from(Quantifier), condition, st.just(PLACE))
    return st.one_of(*kinds, st.builds(Not, condition, st.just(PLACE)), quantified)


conditions: st.SearchStrategy[Condition] = st.recursive(leaves | st.builds(InAudience, ids, st.just(PLACE)), grouped, max_leaves=4)
closed_conditions: st.SearchStrategy[Condition] = st.recursive(leaves, grouped, max_leaves=4)
"""Conditions that name no audience."""

audiences = st.builds(
    Audience,
    name=ids,
    description=st.just("") | texts,
    members=closed_conditions,
    sync=st.sampled_from([(), ("crm",)]),
    with_traits=st.lists(paths, max_size=3, unique=True).map(tuple),
    span=st.just(PLACE),
    of=st.sampled_from(Subject),
)
