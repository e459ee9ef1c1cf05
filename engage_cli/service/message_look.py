"""Messages that a run would write, looked at without writing any: rendered as for a file, in a folder that goes again at once."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from engage_cli.engine.base import Engine
from engage_cli.outputs.messages import write_messages
from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told


def lines_of_run(engine: Engine) -> Iterator[tuple[str, str]]:
    """The channel and the line of each message of `run_change`, as files have them. Those that cannot be rendered become `unrendered`."""
    channels = [str(row[0]) for row in engine.rows("SELECT DISTINCT source FROM run_change WHERE kind = 'message' ORDER BY source")]
    with TemporaryDirectory() as folder:
        for channel in channels:
            path = Path(folder) / f"{channel}.jsonl"
            write_messages(engine, RunFile(path.name, Told.MESSAGE, channel, channel, "message", False, None, "jsonl"), path)
            with path.open(encoding="utf-8", errors="surrogateescape") as lines:
                yield from ((channel, line) for line in lines)
