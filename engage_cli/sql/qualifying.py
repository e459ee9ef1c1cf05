"""The rows of entities that made the members of an audience members, as lists: what goes along with them, and what looks show."""

from collections.abc import Collection

from sqlglot import exp

from engage_cli.plan.qualifying import Qualifying, qualifying_of
from engage_cli.sql.compile import Compiled, about, audience_relation
from engage_cli.sql.entities import ROW_KEY, ROWS, USER_KEY, EntityLeaves, entity_table
from engage_cli.sql.functions import e_list
from engage_cli.sql.literals import column

MEMBERS = "m"
QUALIFIED = "q"
ROW = "row"
"""A whole row as JSON, where the plan's needs have it."""
ROW_ID = "row_id"
"""A row's key as text."""


def rows_of_members(compiled: Compiled, name: str, entity: str, value: str, made: Collection[str]) -> exp.Select:
    """(user_key or account_key, rows) of the members of an audience that rows of an entity qualify: `value` of each row, in the order of
    their keys, as a JSON list. `made` are the relations that are tables; that of the audience is one."""
    of = compiled.plan.audiences[name].of
    found = qualified(compiled.compiler.of[of].entities, qualifying_of(compiled.plan, name), entity)
    query = exp.select(column(USER_KEY, QUALIFIED), e_list(column(value, ROWS), column(ROW_KEY, ROWS)).as_("rows"))
    query = query.from_(exp.alias_(found.subquery(), QUALIFIED, table=True))
    is_row = exp.EQ(this=column(ROW_KEY, ROWS), expression=column(ROW_KEY, QUALIFIED))
    query = query.join(exp.alias_(exp.to_table(entity_table(entity)), ROWS, table=True), on=is_row)
    is_member = exp.EQ(this=column(USER_KEY, MEMBERS), expression=column(USER_KEY, QUALIFIED))
    query = query.join(exp.alias_(exp.to_table(audience_relation(name)), MEMBERS, table=True), on=is_member)
    return compiled.with_inlined(about(of, query.group_by(column(USER_KEY, QUALIFIED))), made)


def qualified(entities: EntityLeaves, asked: Collection[Qualifying], entity: str) -> exp.Query:
    """(user_key, row_key) of the rows of an entity that qualify somebody by some of these conditions, each once."""
    relations = [relation for one in asked for name, relation in entities.qualifying(one) if name == entity]
    selects = [exp.select(USER_KEY, ROW_KEY).from_(exp.to_table(relation)) for relation in dict.fromkeys(relations)]
    return exp.union(*selects) if len(selects) > 1 else selects[0].distinct()
