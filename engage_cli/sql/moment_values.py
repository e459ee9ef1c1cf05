"""Values read of subjects each at an instant of its own: traits, computed ones among them, and what a journey's instance carries."""

from collections.abc import Mapping
from datetime import datetime

from sqlglot import exp

from engage_cli.definitions.subjects import Subject
from engage_cli.plan.checks import OfContext
from engage_cli.plan.journeys.asked import Read
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Catalog
from engage_cli.sql.compile import steps_of
from engage_cli.sql.ledger import ASKING
from engage_cli.sql.literals import column
from engage_cli.sql.moments import Asked, Level, MomentCompiler, made_subjects
from engage_cli.sql.scope import CONTEXT, USERS, join_subject

VALUES = "values"


def compile_values(
    moments: MomentPlan,
    values: Mapping[str, Read],
    catalog: Catalog,
    subjects: str,
    low: datetime,
    high: datetime,
    *,
    prefix: str,
    as_of: datetime,
    sight: str | None = None,
) -> tuple[list[tuple[str, exp.Select]], str]:
    """The relations to make in order, each (name, query), and the name of the last: (subject_key, and each value under its name).

    What the subjects are is said at `compile_moments`.
    """
    columns = [relative.name for relative in moments.relatives()]
    with_context = moments.with_context or any(isinstance(one.reference, OfContext) for one in values.values())
    columns += [CONTEXT] if with_context else []
    columns += [ASKING] if moments.with_instance else []
    asked = Asked(moments, moments.as_plan(as_of), catalog, low, high, tuple(columns), sight)
    level = Level(Subject.USERS, prefix, is_asked=True)
    asked.relations.add(level.subjects, made_subjects(asked, subjects), "the subjects")
    compiler = MomentCompiler(asked, level)
    scope = compiler.scope(Subject.USERS)
    shown = [exp.alias_(scope.referred(one.reference).read(one.reading), name, quoted=True) for name, one in sorted(values.items())]
    query = exp.select(column("user_key", USERS), *shown).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
    query = join_subject(query, scope.used - {USERS}, column("user_key", USERS))
    name, _ = compiler.of[Subject.USERS].relations.name_for(VALUES, VALUES)
    compiler.of[Subject.USERS].relations.add(name, query, "values of the subjects")
    return steps_of(asked.relations, [level.subjects, name], frozenset(asked.never)), name
