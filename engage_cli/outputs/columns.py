"""The `with` traits in files: under which column they stand, and how a value is written."""

import json
from collections.abc import Sequence

from sqlglot import exp

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.subjects import Subject
from engage_cli.sql.functions import e_text

TRAITS = "member_trait"
"""Made by the caller: `user_id VARCHAR` and a JSON column for each `with` trait, named by its path as written; one row a user."""

ACCOUNT_TRAITS = "account_trait"
"""The same for audiences of accounts: `account_id VARCHAR` and the traits of accounts; one row an account. Read under the name `TRAITS`."""


def trait_names(audience: Audience) -> tuple[str, ...]:
    """The columns of an audience's `with` traits in its member file, in written order; each once, none that the file has anyway.

    Columns are told apart as engines do, whatever their letter case.
    """
    seen = {audience.of.id_name, "entered_at"}
    names = []
    for path in audience.with_traits:
        if path.text.lower() not in seen:
            seen.add(path.text.lower())
            names.append(path.text)
    return tuple(names)


def with_traits_of(query: exp.Select, audience: Audience, subject_id: exp.Expr) -> exp.Select:
    """`query` joined with the traits of an audience's members, under the name `TRAITS`; `subject_id` is their id in the query."""
    relation = TRAITS if audience.of is Subject.USERS else ACCOUNT_TRAITS
    on = exp.EQ(this=exp.column(audience.of.id_name, table=TRAITS), expression=subject_id)
    return query.join(exp.alias_(exp.to_table(relation), TRAITS, table=True), on=on, join_type="left")


def trait_value(name: str, file_format: str) -> exp.Expr:
    """A trait as a column of a member file: JSON in `jsonl`, else text (a list or an object as JSON); NULL where missing."""
    value = exp.column(name, table=TRAITS, quoted=True)
    if file_format == "jsonl":
        return value
    return exp.Coalesce(this=e_text(value), expressions=[exp.cast(value.copy(), exp.DType.VARCHAR)])


def traits_members(names: Sequence[str]) -> exp.Expr:
    """The traits that a user has as the inside of a JSON object's text, each member behind a comma.

    A missing one is left out, as Segment's libraries do: a null would clear it at many destinations.
    """
    members: list[exp.Expr] = [exp.Literal.string("")]
    for name in names:
        value = exp.cast(exp.column(name, table=TRAITS, quoted=True), exp.DType.VARCHAR)
        key = exp.Literal.string(f",{json.dumps(name)}:")
        members.append(exp.Coalesce(this=exp.DPipe(this=key, expression=value, safe=True), expressions=[exp.Literal.string("")]))
    return exp.Concat(expressions=members)
