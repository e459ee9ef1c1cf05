"""Messages that a run would write, looked at without writing any: made as for a file, which there is none of.

Where the environment has no key of unsubscribe links, they are signed by one that no project has: such a link unsubscribes nobody.
"""

import os
from collections.abc import Iterator

from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.messaging.unsubscribe import keys_of
from engage_cli.outputs.messages import message_lines
from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told

_NO_PROJECT_S = b"the key of messages that are only looked at"


def lines_of_run(engine: Engine) -> Iterator[tuple[str, str]]:
    """The channel and the line of each message of `run_change`, as files have them. Those that cannot be rendered become `unrendered`."""
    channels = [str(row[0]) for row in engine.rows("SELECT DISTINCT source FROM run_change WHERE kind = 'message' ORDER BY source")]
    key = _key()
    for channel in channels:
        file = RunFile(f"{channel}.jsonl", Told.MESSAGE, channel, channel, "message", False, None, "jsonl")
        for lines in message_lines(engine, file, key):
            yield from ((channel, line) for line in lines.decode().split("\n")[:-1])


def _key() -> bytes:
    try:
        return keys_of(os.environ)[0]
    except EngageError:
        return _NO_PROJECT_S
