"""What `with` sends along in files, traits and rows of entities: under which column it stands, and how a value is written."""

import json
from collections.abc import Mapping

from sqlglot import exp

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.subjects import Subject
from engage_cli.sql.functions import e_text

TRAITS = "member_trait"
"""Made by the caller: `user_id VARCHAR` and a JSON column for each `with` trait, named by its path as written; one row a user."""

ACCOUNT_TRAITS = "account_trait"
"""The same for audiences of accounts: `account_id VARCHAR` and the traits of accounts; one row an account. Read under the name `TRAITS`."""


ENTITIES = "member_entity"
"""Made by the caller, where an audience sends entities along: `audience`, `subject_id`, `entity` and `rows`, the JSON list of the rows that
made somebody a member."""


def sent_columns(audience: Audience) -> dict[str, exp.Expr]:
    """What goes along with an audience's members, as JSON values under the columns of its member file: traits, then entities, in written
    order; each once, none that the file has anyway.

    Columns are told apart as engines do, whatever their letter case.
    """
    seen = {audience.of.id_name, "entered_at"}
    columns: dict[str, exp.Expr] = {}
    for path in audience.with_traits:
        if path.text.lower() not in seen:
            seen.add(path.text.lower())
            columns[path.text] = exp.column(path.text, table=TRAITS, quoted=True)
    return columns | {name: exp.column("rows", table=_entity_alias(name)) for name in audience.with_entities}


def _entity_alias(entity: str) -> str:
    return f"{ENTITIES}_{entity}"


def with_sent(query: exp.Select, audience: Audience, name: exp.Expr, subject_id: exp.Expr) -> exp.Select:
    """`query` joined with what goes along with an audience's members; `name` is the audience's and `subject_id` their id in the query."""
    if any(path.text.lower() not in (audience.of.id_name, "entered_at") for path in audience.with_traits):
        relation = TRAITS if audience.of is Subject.USERS else ACCOUNT_TRAITS
        on: exp.Expr = exp.EQ(this=exp.column(audience.of.id_name, table=TRAITS), expression=subject_id.copy())
        query = query.join(exp.alias_(exp.to_table(relation), TRAITS, table=True), on=on, join_type="left")
    for entity in audience.with_entities:
        alias = _entity_alias(entity)
        wanted = {"audience": name.copy(), "entity": exp.Literal.string(entity), "subject_id": subject_id.copy()}
        on = exp.and_(*(exp.column(column, table=alias).eq(value) for column, value in wanted.items()))
        query = query.join(exp.alias_(exp.to_table(ENTITIES), alias, table=True), on=on, join_type="left")
    return query


def sent_value(value: exp.Expr, file_format: str) -> exp.Expr:
    """A value as a column of a member file: JSON in `jsonl`, else text (a list or an object as JSON); NULL where missing."""
    if file_format == "jsonl":
        return value
    return exp.Coalesce(this=e_text(value), expressions=[exp.cast(value.copy(), exp.DType.VARCHAR)])


def sent_members(columns: Mapping[str, exp.Expr]) -> exp.Expr:
    """The values that there are as the inside of a JSON object's text, each member behind a comma.

    A missing one is left out, as Segment's libraries do: a null would clear it at many destinations.
    """
    members: list[exp.Expr] = [exp.Literal.string("")]
    for name, value in columns.items():
        key = exp.Literal.string(f",{json.dumps(name)}:")
        text = exp.cast(value.copy(), exp.DType.VARCHAR)
        members.append(exp.Coalesce(this=exp.DPipe(this=key, expression=text, safe=True), expressions=[exp.Literal.string("")]))
    return exp.Concat(expressions=members)
