"""The traits that lists of identifiers are made of, as texts: for builds and exports."""

from sqlglot import exp

from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.outputs.lists import LIST_TRAITS, trait_column
from engage_cli.plan.needs import Reading
from engage_cli.sql.compile import Compiled, about
from engage_cli.sql.literals import column
from engage_cli.sql.scope import USERS


def make_list_traits(engine: Engine, compiled: Compiled, of: Subject) -> None:
    """Make `list_trait` (`account_list_trait`): of everybody the traits that lists of the audiences need, as texts."""
    plan, scope = compiled.plan, compiled.scope(of)
    paths = dict.fromkeys(path for name in plan.asked if plan.audiences[name].of is of for path in plan.audiences[name].list_traits)
    if not paths:
        return
    named = [path for path in paths if path.text != of.id_name]
    columns = [
        exp.alias_(value.unalias(), trait_column(path), quoted=True)
        for path, value in zip(named, scope.columns(named, Reading.TEXT), strict=True)
    ]
    query = exp.select(column("user_id", USERS).as_("subject_id"), *columns).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
    query = compiled.join_values(query, scope, column("user_key", USERS))
    engine.create(LIST_TRAITS[of], about(of, query))
