"""The rows of entities that made people members, for the files of a build."""

from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.outputs.columns import ENTITIES
from engage_cli.sql.compile import Compiled
from engage_cli.sql.literals import column, text_literal
from engage_cli.sql.qualifying import ROW, rows_of_members

_SUBJECTS = "s"
_LISTED = "l"


def make_member_entities(engine: Engine, compiled: Compiled) -> None:
    """Make `member_entity` (outputs/columns.py) of the members of every asked audience that sends entities along.

    The relations of the run are tables by now, and nobody is left out of `users`.
    """
    plan = compiled.plan
    made = [relation for relation, _ in compiled.steps()]
    pairs = [(name, entity) for name in plan.asked for entity in plan.audiences[name].with_entities]
    for at, (name, entity) in enumerate(pairs):
        of = plan.audiences[name].of
        rows = rows_of_members(compiled, name, entity, ROW, made)
        columns = [
            exp.alias_(text_literal(name), "audience"),
            column(of.id_name, _SUBJECTS).as_("subject_id"),
            exp.alias_(text_literal(entity), "entity"),
            column("rows", _LISTED),
        ]
        query = exp.select(*columns).from_(exp.alias_(rows.subquery(), _LISTED, table=True))
        same = exp.EQ(this=column(f"{of.one}_key", _SUBJECTS), expression=column(f"{of.one}_key", _LISTED))
        query = query.join(exp.alias_(exp.to_table(of.value), _SUBJECTS, table=True), on=same)
        if at:
            engine.execute(exp.insert(query, ENTITIES))
        else:
            engine.create(ENTITIES, query)
