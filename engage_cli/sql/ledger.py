"""Leaves about what was done before: messages that were made for a user, stays of a user in journeys.

They read what the state knows, by user:

`made_messages(user_key INTEGER, kind VARCHAR, name VARCHAR, step VARCHAR, status VARCHAR, at TIMESTAMP, instance BIGINT)`
    each status that a message came to, and when; `kind` is `broadcast` or `journey`, `name` its id, `instance` whose it was in a journey.
`journey_stays(user_key INTEGER, journey VARCHAR, began_at TIMESTAMP, ended_at TIMESTAMP, reason VARCHAR)`
    each instance of a journey; without `ended_at` it is open. (`entered_at` is the instant of the instance that asks.)
"""

from sqlglot import exp

from engage_cli.definitions.conditions import ENDED, INSIDE
from engage_cli.plan.instants import Stretch
from engage_cli.plan.labels import join_label, slug
from engage_cli.plan.leaves import MessageWas, StayWas
from engage_cli.sql.events import EventQueries
from engage_cli.sql.instants import in_stretch, instant
from engage_cli.sql.literals import all_of, any_of, column, text_literal
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.scope import EVENTS

MADE_MESSAGES = "made_messages"
JOURNEY_STAYS = "journey_stays"
ASKING = "asking_instance"
"""Beside a subject, which instance it is."""


def ledger_relation(leaf: MessageWas | StayWas, queries: EventQueries, relations: Relations) -> str:
    """The relation of the users for whom the leaf holds."""
    if isinstance(leaf, MessageWas):
        label = join_label("message_of", slug(leaf.campaign), slug(leaf.step) if leaf.step else "", leaf.status)
        table, words = MADE_MESSAGES, f"whose message of {leaf.campaign} was {leaf.status}"
    else:
        label = join_label(slug(leaf.status), slug(leaf.journey))
        table, words = JOURNEY_STAYS, f"whose stay in {leaf.journey} is {leaf.status}"
    name, new = relations.name_for(leaf, label)
    if new:
        query = exp.select(column("user_key", EVENTS)).distinct().from_(exp.alias_(exp.to_table(table), EVENTS, table=True))
        query = query.where(all_of(row_conditions(leaf, leaf.stretch, queries)))
        relations.add(name, query, comment(words, leaf.span))
    return name


def row_conditions(leaf: MessageWas | StayWas, stretch: Stretch, queries: EventQueries) -> list[exp.Expr]:
    """What a row of a message, or of a stay, meets."""
    return _of_message(leaf, stretch, queries) if isinstance(leaf, MessageWas) else _of_stay(leaf, stretch, queries)


def of_campaign(leaf: MessageWas | StayWas) -> list[exp.Expr]:
    """The row is of the campaign, whatever its status."""
    if isinstance(leaf, StayWas):
        return [_is("journey", leaf.journey)]
    own = [_is("kind", leaf.kind), _is("name", leaf.campaign)]
    return own if leaf.step is None else [*own, _is("step", leaf.step)]


def _of_message(leaf: MessageWas, stretch: Stretch, queries: EventQueries) -> list[exp.Expr]:
    at = column("at", EVENTS)
    by_now = exp.LTE(this=at.copy(), expression=instant(queries.now, EVENTS))
    own = [exp.EQ(this=column("instance", EVENTS), expression=column(ASKING, EVENTS))] if leaf.own else []
    return [*of_campaign(leaf), *own, _is("status", leaf.status), by_now, in_stretch(at, stretch, EVENTS)]


def _of_stay(leaf: StayWas, stretch: Stretch, queries: EventQueries) -> list[exp.Expr]:
    entered, ended, now = column("began_at", EVENTS), column("ended_at", EVENTS), instant(queries.now, EVENTS)
    if leaf.status == INSIDE:
        still = any_of([exp.Is(this=ended.copy(), expression=exp.null()), exp.GT(this=ended, expression=now)])
        begun = exp.LTE(this=entered.copy(), expression=now.copy())
        return [*of_campaign(leaf), begun, exp.paren(still), in_stretch(entered, stretch, EVENTS)]
    over = exp.LTE(this=ended.copy(), expression=now)
    why = [] if leaf.status == ENDED else [_is("reason", leaf.status)]
    return [*of_campaign(leaf), *why, over, in_stretch(ended, stretch, EVENTS)]


def _is(name: str, value: str) -> exp.Expr:
    return exp.EQ(this=column(name, EVENTS), expression=text_literal(value))
