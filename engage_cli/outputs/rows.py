"""Which rows of the relation `run_change` (see calls.py) each file of a run's folder holds."""

from sqlglot import exp

from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told


def rows_of(file: RunFile) -> exp.Expr:
    """A condition on `run_change` that its rows meet."""
    rows: exp.Expr = exp.and_(exp.column("kind").eq(file.kind.value), exp.column("source").eq(file.source))
    if file.kind in (Told.MEMBERSHIP, Told.TRAIT, Told.SKIPPED):
        return rows
    rows = exp.and_(rows, exp.column("destination").eq(file.destination))
    return exp.and_(rows, exp.column("change").eq(file.call)) if file.kind is Told.LIST else rows
