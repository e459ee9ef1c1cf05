"""What messages show beside the person: the account that they belong to, and the rows of entities that are linked to them.

`p_linked(user_key, account, entities)`
    of everybody who is sent something: the traits of their account as the text of a JSON object (of several accounts the one whose id
    comes first; `{}` where there is none), and by the name of each entity the list of their rows, in the order of their keys.
"""

import json
from collections.abc import Sequence

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.paths import path_of
from engage_cli.engine.base import Engine
from engage_cli.engine.template import identifier, sql
from engage_cli.plan.needs import Column, EntityNeed, Needs, Reading
from engage_cli.sql.entities import entity_table
from engage_cli.sql.literals import column, text_literal

RELATION = "p_linked"
_ACCOUNT_ID = "account_id"


class Shown(Struct, frozen=True):
    """The names of what a template shows: traits of the person, traits of their account, and entities."""

    profile: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()

    @property
    def is_linked(self) -> bool:
        """Whether it shows anything beside the person."""
        return bool(self.account or self.entities)


def linked_needs(base: Needs, shown: Sequence[Shown], *, accounts: bool) -> Needs:
    """What has to be staged for it; `accounts`: there are any."""
    traits = {_trait(name) for one in shown for name in one.account} - {_trait(_ACCOUNT_ID)}
    wanted = accounts and any(one.account for one in shown)
    entities = sorted({name for one in shown for name in one.entities})
    return Needs(
        base.as_of,
        base.zone,
        accounts=wanted,
        account_traits=frozenset(traits) if wanted else frozenset(),
        entities=tuple(EntityNeed(name, frozenset(), whole=True) for name in entities),
    )


def make_linked(engine: Engine, shown: Sequence[Shown], *, accounts: bool) -> None:
    """Make `p_linked`; needs `p_message`."""
    engine.execute("DROP TABLE IF EXISTS temp.main.p_linked")
    traits = sorted({name for one in shown for name in one.account})
    entities = sorted({name for one in shown for name in one.entities})
    people = exp.select("user_key").distinct().from_("p_message").where("reason IS NULL AND user_key IS NOT NULL")
    query = exp.select(column("user_key", "u")).from_(exp.alias_(people.subquery(), "u", table=True))
    account: exp.Expr = text_literal("{}")
    if accounts and traits:
        engine.execute(_FIRST_ACCOUNT)
        account = exp.Coalesce(this=_account_object(traits), expressions=[text_literal("{}")])
        query = _joined(query, "p_account", "a", "user_key", "u")
        query = _joined(query, "account_traits", "t", "account_key", "a")
    members: list[exp.Expr] = []
    for number, name in enumerate(entities):
        rows = f"p_rows_{number}"
        engine.execute(sql(_ROWS, made=identifier(rows), entity=identifier(entity_table(name))).text)
        query = _joined(query, rows, f"e{number}", "user_key", "u")
        listed = exp.Coalesce(this=column("listed", f"e{number}"), expressions=[text_literal("[]")])
        members += [text_literal(f"{',' if number else ''}{json.dumps(name)}:"), listed]
    shown_rows = exp.Concat(expressions=[text_literal("{"), *members, text_literal("}")])
    engine.create(RELATION, query.select(exp.alias_(account, "account"), exp.alias_(shown_rows, "entities")))


def _trait(name: str) -> Column:
    return Column(path_of(name), Reading.VALUE)


def _joined(query: exp.Select, relation: str, alias: str, key: str, to: str) -> exp.Select:
    same = exp.EQ(this=column(key, alias), expression=column(key, to))
    return query.join(exp.alias_(exp.to_table(relation), alias, table=True), on=same, join_type="left")


def _account_object(traits: Sequence[str]) -> exp.Expr:
    """The account's id and traits, without the missing ones; NULL without an account."""
    members: list[exp.Expr] = [text_literal('{"account_id":'), column("id_json", "a")]
    for name in traits:
        if name != _ACCOUNT_ID:
            start = text_literal(f",{json.dumps(name, ensure_ascii=False)}:")
            member = exp.DPipe(this=start, expression=exp.cast(column(_trait(name).name, "t"), "VARCHAR"))
            members.append(exp.Coalesce(this=member, expressions=[text_literal("")]))
    whole = exp.Concat(expressions=[*members, text_literal("}")])
    there = exp.Not(this=exp.Is(this=column("account_key", "a"), expression=exp.null()))
    return exp.Case(ifs=[exp.If(this=there, true=whole)])


_FIRST_ACCOUNT = """
    CREATE OR REPLACE TEMP TABLE p_account AS
    SELECT m.user_key, arg_min(m.account_key, a.account_id) AS account_key, CAST(to_json(min(a.account_id)) AS VARCHAR) AS id_json
    FROM members AS m JOIN accounts AS a USING (account_key)
    WHERE m.user_key IN (SELECT user_key FROM p_message WHERE reason IS NULL) GROUP BY m.user_key
"""
# The rows of an entity of each user whom they are linked to, as the text of a JSON list.
_ROWS = """
    CREATE OR REPLACE TEMP TABLE {made} AS
    SELECT user_key, '[' || string_agg(CAST("row" AS VARCHAR), ',' ORDER BY row_id) || ']' AS listed FROM {entity}
    WHERE user_key IN (SELECT user_key FROM p_message WHERE reason IS NULL) GROUP BY user_key
"""
