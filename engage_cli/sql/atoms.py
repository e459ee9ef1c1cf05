"""Atoms: a leaf as a condition over at most one relation that is joined to the subjects."""

from msgspec import Struct
from sqlglot import exp

from engage_cli.plan.checks import Check, holds_for
from engage_cli.sql.literals import column, integer_literal
from engage_cli.sql.rows import number_condition


class Atom(Struct, frozen=True):
    """`condition` over the relation (None: over the subject alone).

    A subject that the relation does not hold reads NULL from it. `implies_presence`: the condition is false for such a subject,
    so that a conjunction may join the relation inwardly. `is_presence`: that is all it says. `value` is the number it
    looks at, where it is a measure.
    """

    relation: str | None
    condition: exp.Expr
    implies_presence: bool = False
    is_presence: bool = False
    value: exp.Expr | None = None

    @staticmethod
    def presence(relation: str) -> "Atom":
        """The subject is in the relation."""
        condition = exp.not_(exp.Is(this=column("user_key", relation), expression=exp.null()))
        return Atom(relation, condition, implies_presence=True, is_presence=True)

    @staticmethod
    def measure(relation: str, label: str, check: Check, over_none: int | None) -> "Atom":
        """A measure of the relation passes the check; `over_none` is what it is for a subject without any event."""
        value = column(label, relation)
        if over_none is not None:
            value = exp.Coalesce(this=value, expressions=[integer_literal(over_none)])
        absent = over_none is None or not holds_for(check, over_none)
        return Atom(relation, number_condition(check, value), implies_presence=absent, value=value)
