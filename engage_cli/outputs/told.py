"""The rows of files of events that journeys tell, and of who gets no message, see ticks.py."""

from sqlglot import exp

from engage_cli.outputs.rows import rows_of
from engage_cli.sql.functions import e_json, e_text
from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told

SKIPPED_TEXTS = ("message_id", "user_id", "campaign", "step", "reason", "rule")
EVENT_TEXTS = ("type", "event", "userId", "messageId", "timestamp")
_OBJECTS: dict[Told, tuple[str, ...]] = {Told.SKIPPED: (), Told.EVENT: ("properties",)}
_TEXTS = {Told.SKIPPED: SKIPPED_TEXTS, Told.EVENT: EVENT_TEXTS}


def told_query(file: RunFile) -> exp.Select:
    """The rows of one file of a tick, from `run_change`: events in the order of users and of what is told them, messages in that of their
    ids."""
    payload = exp.cast(exp.column("payload"), exp.DType.JSON)
    columns = [e_text(e_json(payload, (name,))).as_(name, quoted=True) for name in _TEXTS[file.kind]]
    columns += [e_json(payload, (name,)).as_(name, quoted=True) for name in _OBJECTS[file.kind]]
    order = [
        exp.Ordered(this=exp.column(name), nulls_first=True)
        for name in (("payload",) if file.kind is Told.SKIPPED else ("user_id", "payload"))
    ]
    return exp.select(*columns).from_("run_change").where(rows_of(file)).order_by(*order)
