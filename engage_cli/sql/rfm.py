"""`rfm:` traits: every subject with such an event gets a score from 1 to 5 for how late, how often and for how much, and a segment.

A score is one more than the number of fifths of all those scored who have less: 1 where under a fifth of them have less, 5 where four
fifths do. Subjects with equal values have equal scores, so nothing depends on an order among them.
"""

from sqlglot import exp

from engage_cli.definitions.conditions import Aggregate
from engage_cli.definitions.rfm import PARTS, SCORES, SEGMENTS
from engage_cli.plan.checks import Present
from engage_cli.plan.labels import slug
from engage_cli.plan.leaves import Measured
from engage_cli.plan.needs import Reading
from engage_cli.plan.traits import TraitOfRanks
from engage_cli.sql.literals import column, integer_literal, number_literal, text_literal
from engage_cli.sql.measures import USER_KEY, EventLeaves
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.scope import EVENTS

RANKS = "k"
SCORED = "s"


def rfm_relation(source: TraitOfRanks, leaves: EventLeaves, relations: Relations) -> str:
    """The relation (user_key, recency, frequency, monetary, segment) of all who have such an event."""
    name, new = relations.name_for(source, f"rfm_{slug(source.path.text)}_of_{source.events.label}")
    if new:
        query = _with_segment(_scores(_ranks(source, leaves)))
        relations.add(name, query, comment(f"scores by fifths of all who did: {', '.join(source.events.names)}", source.events.span))
    return name


def rfm_value(relation: str) -> exp.Expr:
    """The scores and the segment as JSON; NULL for whom there are none."""
    members = [text_literal('{"segment":"'), column("segment", relation), text_literal('"')]
    for part in PARTS:
        members += [text_literal(f',"{part}":'), exp.cast(column(part, relation), "TEXT")]
    text: exp.Expr = members[0]
    for member in (*members[1:], text_literal("}")):
        text = exp.DPipe(this=text, expression=member, safe=True)
    return exp.cast(exp.paren(text), "JSON")


def _ranks(source: TraitOfRanks, leaves: EventLeaves) -> exp.Select:
    """(user_key, everybody, recency, frequency, monetary): how many are scored, and how many of them have less, and one."""
    base, last_at = leaves.aggregated(source.events, "last_at", exp.Max(this=column("ts", EVENTS)))
    _, number = leaves.aggregated(source.events, "n", exp.Count(this=exp.Star()))
    measured, total = leaves.measure(Measured(source.events, Aggregate.SUM, source.path, Reading.NUMBER, Present()))
    worth = exp.Coalesce(this=column(total, measured), expressions=[number_literal(0.0)])
    columns = {"recency": column(last_at, base), "frequency": column(number, base), "monetary": worth}
    everybody = exp.Window(this=exp.Count(this=exp.Star()))
    query = exp.select(column(USER_KEY, base), exp.alias_(everybody, "everybody"))
    for part, value in columns.items():
        order = exp.Order(expressions=[exp.Ordered(this=value, desc=False, nulls_first=True)])
        query = query.select(exp.alias_(exp.Window(this=exp.Rank(), order=order), part))
    query = query.from_(exp.to_table(base))
    if measured != base:
        on = exp.EQ(this=column(USER_KEY, measured), expression=column(USER_KEY, base))
        query = query.join(exp.to_table(measured), on=on, join_type="left")
    return query


def _scores(ranks: exp.Select) -> exp.Select:
    """(user_key, recency, frequency, monetary) as scores."""
    query = exp.select(column(USER_KEY, RANKS)).from_(exp.alias_(ranks.subquery(), RANKS, table=True))
    return query.select(*(exp.alias_(_score(part), part) for part in PARTS))


def _score(part: str) -> exp.Expr:
    """In integers: those who have less, times five, against everybody, twice everybody and so on."""
    fewer = exp.paren(exp.Sub(this=column(part, RANKS), expression=integer_literal(1)))
    case = exp.Case(default=integer_literal(SCORES))
    for score in range(1, SCORES):
        below = exp.LT(
            this=exp.Mul(this=fewer.copy(), expression=integer_literal(SCORES)),
            expression=exp.Mul(this=column("everybody", RANKS), expression=integer_literal(score)),
        )
        case = case.when(below, integer_literal(score))
    return case


def _with_segment(scores: exp.Select) -> exp.Select:
    case = exp.Case()
    for name, recency, frequency in SEGMENTS:
        case = case.when(exp.and_(_between("recency", recency), _between("frequency", frequency)), text_literal(name))
    columns = [column(name, SCORED) for name in (USER_KEY, *PARTS)]
    return exp.select(*columns, exp.alias_(case, "segment")).from_(exp.alias_(scores.subquery(), SCORED, table=True))


def _between(part: str, scores: range) -> exp.Expr:
    if len(scores) == 1:
        return exp.EQ(this=column(part, SCORED), expression=integer_literal(scores[0]))
    return exp.Between(this=column(part, SCORED), low=integer_literal(scores[0]), high=integer_literal(scores[-1]))
