"""`rejects.csv`: every row of the input files that could not be read, with its reason. Replaced whole by each run that reads them."""

from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from engage_cli import files
from engage_cli.engine.base import Engine, Reject

NAME = "rejects.csv"
_COLUMNS = ("path", "row_number", "reason", "content")


def write_rejects(engine: Engine, rejects: Sequence[Reject], outputs: Path) -> Path | None:
    """Write the relation `rejects` beside the other outputs; without any reject there is no file. Its path, where there is one."""
    path = outputs / NAME
    files.make_folder(outputs)
    if not rejects:
        files.remove(path)
        return None
    part = files.part_of(path)
    files.remove(part)
    columns = [exp.column(name) for name in _COLUMNS]
    order = [exp.Ordered(this=exp.column(name), nulls_first=True) for name in _COLUMNS]
    engine.copy(exp.select(*columns).from_("rejects").order_by(*order), part, "csv")
    files.rename(part, path)
    return path
