"""The rows of files of messages and of events that journeys tell, see ticks.py."""

from sqlglot import exp

from engage_cli.outputs.rows import rows_of
from engage_cli.sql.functions import e_json, e_text
from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told

MESSAGE_TEXTS = ("message_id", "user_id", "template", "campaign", "step", "scheduled_at", "send_at")
EVENT_TEXTS = ("type", "event", "userId", "messageId", "timestamp")
_OBJECTS = {Told.MESSAGE: ("settings", "context"), Told.EVENT: ("properties",)}
_TEXTS = {Told.MESSAGE: MESSAGE_TEXTS, Told.EVENT: EVENT_TEXTS}


def told_query(file: RunFile) -> exp.Select:
    """The rows of one file of a tick, from `run_change`, in the order of users and of what is told them."""
    payload = exp.cast(exp.column("payload"), exp.DType.JSON)
    columns = [e_text(e_json(payload, (name,))).as_(name, quoted=True) for name in _TEXTS[file.kind]]
    columns += [e_json(payload, (name,)).as_(name, quoted=True) for name in _OBJECTS[file.kind]]
    order = [exp.Ordered(this=exp.column(name), nulls_first=True) for name in ("user_id", "payload")]
    return exp.select(*columns).from_("run_change").where(rows_of(file)).order_by(*order)
