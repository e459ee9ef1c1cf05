"""Consent leaves: a user's subscription state of a channel, or of a group on it."""

from sqlglot import exp

from engage_cli.plan.labels import join_label, slug
from engage_cli.plan.leaves import ConsentIs
from engage_cli.sql.atoms import Atom
from engage_cli.sql.literals import column, text_literal
from engage_cli.sql.relations import Relations, comment

CONSENTS = "consents"
STATUS = "status"
NONE = "none"
_UNSUBSCRIBED = "unsubscribed"


def consent_atom(leaf: ConsentIs, relations: Relations) -> Atom:
    """The leaf as a condition over the relation (user_key, status) of those who have a state."""
    states = _states(leaf, relations)
    status = column(STATUS, states)
    state = exp.Coalesce(this=status, expressions=[text_literal(NONE)])
    named = [text_literal(word) for word in leaf.statuses]
    with_none = NONE in leaf.statuses
    asked = state if with_none else status
    condition = exp.EQ(this=asked, expression=named[0]) if len(named) == 1 else exp.In(this=asked, expressions=named)
    return Atom(states, condition, implies_presence=not with_none, value=state)


def _states(leaf: ConsentIs, relations: Relations) -> str:
    """The relation of the states; leaves that differ in what they ask of the state share it."""
    label = join_label("consent", slug(leaf.channel), slug(leaf.group) if leaf.group is not None else "")
    name, new = relations.name_for((CONSENTS, leaf.channel, leaf.group), label)
    if new:
        what = f"on {leaf.channel}" if leaf.group is None else f"to {leaf.group} on {leaf.channel}"
        query = _of_channel(leaf.channel) if leaf.group is None else _of_group(leaf.channel, leaf.group)
        relations.add(name, query, comment(f"subscription state {what}", leaf.span))
    return name


def _of_channel(channel: str) -> exp.Select:
    query = exp.select(column("user_key", CONSENTS), column(STATUS, CONSENTS)).from_(exp.to_table(CONSENTS))
    return query.where(_is_on(channel)).where(_is_whole())


def _of_group(channel: str, group: str) -> exp.Select:
    """Who unsubscribed from the channel is unsubscribed from its groups; where the group has no row, the channel's counts."""
    whole, own = _status_where(_is_whole()), _status_where(_is_of(group))
    left = exp.EQ(this=whole.copy(), expression=text_literal(_UNSUBSCRIBED))
    state = exp.Case(ifs=[exp.If(this=left, true=text_literal(_UNSUBSCRIBED))], default=exp.Coalesce(this=own, expressions=[whole]))
    query = exp.select(column("user_key", CONSENTS), exp.alias_(state, STATUS)).from_(exp.to_table(CONSENTS))
    query = query.where(_is_on(channel)).where(exp.or_(_is_whole(), _is_of(group)))
    return query.group_by(column("user_key", CONSENTS))


def _status_where(condition: exp.Expr) -> exp.Expr:
    """The status of the user's one such row."""
    return exp.Max(this=exp.Case(ifs=[exp.If(this=condition, true=column(STATUS, CONSENTS))]))


def _is_on(channel: str) -> exp.Expr:
    return exp.EQ(this=column("channel", CONSENTS), expression=text_literal(channel))


def _group() -> exp.Expr:
    return exp.column(exp.to_identifier("group", quoted=True), table=exp.to_identifier(CONSENTS))


def _is_whole() -> exp.Expr:
    return exp.Is(this=_group(), expression=exp.null())


def _is_of(group: str) -> exp.Expr:
    return exp.EQ(this=_group(), expression=text_literal(group))
