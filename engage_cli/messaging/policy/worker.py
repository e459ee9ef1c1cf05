"""A process that renders messages for a run: `python -m engage_cli.messaging.policy.worker`, started and ended by outputs/rendering.py.

It reads frames from its standard input, the editions of templates first and then batches of rows, and writes to its standard output the
lines of each, until there is nothing more to read. It opens no file and no database, and has no key.
"""

import gc
import pickle
import signal
import struct
import sys
from collections.abc import Mapping
from typing import IO, Any

from engage_cli.messaging.policy.batches import lines_of
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.rendering import Messages

_LENGTH = struct.Struct("<Q")


def write_frame(stream: IO[bytes], content: Any) -> None:
    """Write one thing, its length first."""
    data = pickle.dumps(content, protocol=5)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any:
    """Read one thing. Raises EOFError where the other side is gone."""
    head = stream.read(_LENGTH.size)
    data = stream.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""
    if len(head) < _LENGTH.size or len(data) < _LENGTH.unpack(head)[0]:
        raise EOFError
    return pickle.loads(data)


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer each batch with its `Lines`, or with None where it failed as a whole: the run then does it itself, and sees why."""
    editions: Mapping[str, Edition] = read_frame(source)
    messages = Messages(editions)
    while True:
        try:
            rows = read_frame(source)
        except EOFError:
            return
        try:
            answer = lines_of(messages, rows)
        except Exception:
            answer = None
        write_frame(target, answer)


if __name__ == "__main__":
    gc.freeze()  # nothing of what starts a process is ever garbage, and messages make little
    gc.set_threshold(20_000)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run that started it hears it, too, and ends it
    serve(sys.stdin.buffer, sys.stdout.buffer)
