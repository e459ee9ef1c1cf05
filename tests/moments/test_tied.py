"""Conditions that are tied to the journey's instance that asks, and those about what journeys did before."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from engage_cli.definitions import conditions as w
from engage_cli.definitions.comparisons import Comparison, Op, Test
from engage_cli.definitions.paths import parse_path
from engage_cli.definitions.values import ContextRef, Duration, Number, Text, Unit
from engage_cli.engine.base import Engine
from engage_cli.plan.moments import MomentPlan, plan_moments
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.service.workspace import engine_for, load
from engage_cli.source import Span
from engage_cli.sql.changes import instants_of_change
from engage_cli.sql.moments import compile_moments
from tests.sql.test_golden_sql import AS_OF, PROJECT

HERE = Span("engage.yaml", 1, 1, 1, 1)
LOW = datetime(2026, 11, 1, tzinfo=UTC)
SUBJECTS = """
CREATE TEMP TABLE waiting AS SELECT u.user_key, s.* EXCLUDE (user_id) FROM (VALUES
    (1, 'ana', TIMESTAMP '2026-11-04 00:00', 'p1', TIMESTAMP '2026-11-02 00:00', NULL, '{"entry": {"total": 12.0, "plan": "pro"}}', 7),
    (2, 'ana', TIMESTAMP '2026-11-23 10:00', 'p2', TIMESTAMP '2026-11-02 00:00', TIMESTAMP '2026-11-20 23:30', '{"entry": {"skus": ["a"]}}', 7),
    (3, 'ana', TIMESTAMP '2026-11-23 10:00', 'p1', TIMESTAMP '2026-11-04 00:00', TIMESTAMP '2026-11-05 00:00',
        '{"entry": {"total": "100", "due": "2026-11-24T10:00:00Z"}, "changed": {"plan": "free"}}', 9),
    (4, 'dan', TIMESTAMP '2026-11-21 09:00', '04', TIMESTAMP '2026-11-21 09:00', NULL, '{"entry": {}}', 10)
) AS s (subject_key, user_id, "at", key, entered_at, arrived_nudge, context, asking_instance) JOIN users AS u USING (user_id)
"""
LEDGER = """
CREATE TEMP TABLE made_messages AS SELECT u.user_key, m.* EXCLUDE (user_id) FROM (VALUES
    ('ana', 'journey', 'carts', 'nudge', 'scheduled', TIMESTAMP '2026-11-03 00:00', 7),
    ('ana', 'journey', 'carts', 'nudge', 'clicked', TIMESTAMP '2026-11-10 00:00', 7),
    ('dan', 'broadcast', 'news', NULL, 'scheduled', TIMESTAMP '2026-11-21 10:00', NULL)
) AS m (user_id, kind, name, step, status, "at", instance) JOIN users AS u USING (user_id);
CREATE TEMP TABLE journey_stays AS SELECT u.user_key, s.* EXCLUDE (user_id) FROM (VALUES
    ('ana', 'carts', TIMESTAMP '2026-11-03 00:00', TIMESTAMP '2026-11-22 00:00', 'bought'),
    ('dan', 'carts', TIMESTAMP '2026-11-21 09:00', NULL, NULL)
) AS s (user_id, journey, began_at, ended_at, reason) JOIN users AS u USING (user_id)
"""


def compared(op: Op, operand: object) -> Comparison:
    """One test."""
    return Comparison((Test(op, operand, HERE),), False, HERE)


def ordered(**more: object) -> w.EventDone:
    """Ordered, tied as `more` says."""
    return w.EventDone(("Order Completed",), HERE, **more)


def days(number: int) -> Duration:
    """So many days."""
    return Duration(number, Unit.DAY)


KEY = parse_path("product_id")
NUDGE = w.JourneySince("nudge", HERE)
ENTRY = w.JourneySince(None, HERE)
CLICKED = w.MessageMade(w.MessageOf.STEP, "nudge", w.MessageStatus.CLICKED, HERE, "carts")
CASES: dict[str, tuple[w.Condition, set[int]]] = {
    "the property is the key": (ordered(match=KEY), {1, 2, 3}),
    "in each of the parts of a list": (ordered(match=parse_path("items[].sku")), set()),
    "since the entry, that instant with it": (ordered(since=ENTRY), {1, 2, 3, 4}),
    "since the entry, of the key": (ordered(match=KEY, since=ENTRY), {1, 2}),
    "since a step, which two never reached": (ordered(since=NUDGE), {2, 3}),
    "never since a step": (w.Not(ordered(since=NUDGE), HERE), {1, 4}),
    "counted since the entry": (ordered(since=ENTRY, ask=w.Count(compared(Op.GTE, Number(2)))), {2}),
    "the first ever of the key, since the entry": (ordered(match=KEY, since=ENTRY, first_time=w.FirstTime.BY_WHERE), {1, 2}),
    "viewed and ordered what the key is": (
        w.SequenceDone((w.Step(("Product Viewed",), HERE), w.Step(("Order Completed",), HERE)), HERE, match=KEY),
        {1, 3},
    ),
    "what the context holds, as a number": (w.ContextIs(parse_path("entry.total"), compared(Op.GTE, Number(12)), HERE), {1, 3}),
    "not what the context holds": (w.Not(w.ContextIs(parse_path("entry.total"), compared(Op.EQ, Number(12)), HERE), HERE), {2, 3, 4}),
    "an element of what the context holds": (w.ContextIs(parse_path("entry.skus[]"), compared(Op.EQ, Text("a")), HERE), {2}),
    "a list that the context holds": (w.ContextIs(parse_path("entry.skus"), compared(Op.CONTAINS, Text("a")), HERE), {2}),
    "a branch's event": (w.ContextIs(parse_path("changed.plan"), compared(Op.EXISTS, True), HERE), {3}),
    "a date in the context": (w.ContextIs(parse_path("entry.due"), compared(Op.WITHIN_NEXT, days(1)), HERE), {3}),
    "a trait that is what the context holds": (
        w.TraitIs(parse_path("plan"), compared(Op.EQ, ContextRef(parse_path("entry.plan"))), HERE),
        {1},
    ),
    "the context holds what the context holds": (
        w.ContextIs(parse_path("entry.plan"), compared(Op.NE, ContextRef(parse_path("entry.plan"))), HERE),
        {2, 3, 4},
    ),
    "a message was made": (w.MessageMade(w.MessageOf.JOURNEY, "carts", w.MessageStatus.SCHEDULED, HERE), {1, 2, 3}),
    "a message of the step was clicked, to this very instance": (CLICKED, {2}),
    "a message of a broadcast, later": (w.MessageMade(w.MessageOf.BROADCAST, "news", w.MessageStatus.SCHEDULED, HERE), set()),
    "made lately": (w.MessageMade(w.MessageOf.JOURNEY, "carts", w.MessageStatus.SCHEDULED, HERE, window=w.Within(days(2))), {1}),
    "is inside": (w.JourneyState("carts", w.INSIDE, HERE), {1, 4}),
    "has ended": (w.JourneyState("carts", w.ENDED, HERE), {2, 3}),
    "has ended so": (w.JourneyState("carts", "bought", HERE), {2, 3}),
    "has ended otherwise": (w.JourneyState("carts", "exited", HERE), set()),
    "has ended long ago": (w.JourneyState("carts", w.ENDED, HERE, w.BetweenAgo(days(9), days(2))), set()),
}


@contextmanager
def staged() -> Iterator[tuple[Engine, MomentPlan, Catalog]]:
    """All conditions planned and staged, with instances that ask and what was done before."""
    project = load(PROJECT)
    plan = plan_moments(project, {name: condition for name, (condition, _) in CASES.items()}, project.config.timezone, "carts")
    with engine_for(project, PROJECT) as engine:
        catalog = engine.stage(project.config.sources, plan.needs(Needs(AS_OF, project.config.timezone), LOW)).catalog
        for statement in (SUBJECTS, *LEDGER.split(";")):
            engine.execute(statement)
        yield engine, plan, catalog


def test_each_instance_gets_its_own_answer() -> None:
    with staged() as (engine, plan, catalog):
        compiled = compile_moments(plan, plan.conditions, catalog, "waiting", LOW, AS_OF, prefix="m_")
        for name, query in compiled.steps():
            engine.create(name, query)
        found = {name: {key for (key,) in engine.rows(compiled.holding(name))} for name in CASES}
    assert found == {name: keys for name, (_, keys) in CASES.items()}


@pytest.mark.parametrize(
    ("name", "subject", "instants"),
    [
        ("a date in the context", 3, {"2026-11-23 10:00"}),
        ("since the entry, of the key", 4, {"2026-11-21 09:00"}),
        ("since the entry, of the key", 1, {"2026-11-03 10:00", "2026-11-20 23:30"}),
        # Whatever becomes of a message is looked at, also what is not asked for.
        ("a message of the step was clicked, to this very instance", 1, {"2026-11-03 00:00", "2026-11-10 00:00"}),
        ("made lately", 1, {"2026-11-03 00:00", "2026-11-05 00:00", "2026-11-10 00:00", "2026-11-12 00:00"}),
        ("is inside", 1, {"2026-11-03 00:00", "2026-11-22 00:00"}),
        ("has ended long ago", 4, {"2026-11-21 09:00", "2026-11-23 09:00"}),
        ("what the context holds, as a number", 1, set()),
    ],
)
def test_what_can_change_an_answer(name: str, subject: int, instants: set[str]) -> None:
    with staged() as (engine, plan, catalog):
        rows = engine.rows(instants_of_change(plan, name, catalog, "waiting", LOW, AS_OF))
    assert {f"{at:%Y-%m-%d %H:%M}" for key, at in rows if key == subject} == instants
