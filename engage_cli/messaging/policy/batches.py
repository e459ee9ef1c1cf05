"""Messages a batch at a time: rows of the outbox to lines of JSON. The same in the process of a run and in one that renders for it."""

import json
from collections.abc import Sequence

from msgspec import Struct

from engage_cli.messaging.policy.rendering import Messages
from engage_cli.messaging.problems import RenderError

Row = tuple[str, str | None, str | None]
"""What the outbox has of a message, the token of its links if it has any, and its line where that is made already."""


class Lines(Struct, frozen=True):
    """The lines of a batch, how many they are, and the messages that cannot be rendered: each with its id and why."""

    text: bytes
    rows: int
    failed: tuple[tuple[str, str], ...]


def lines_of(messages: Messages, rows: Sequence[Row]) -> Lines:
    """The messages of a batch, in its order."""
    lines: list[str] = []
    failed: list[tuple[str, str]] = []
    for payload, token, line in rows:
        if line is not None:
            lines.append(line)
            continue
        try:
            lines.append(messages.text(payload, token))
        except RenderError as error:
            row = json.loads(payload)
            failed.append((row["message_id"], f"{error.place or row['template']}: {error.message}"))
    text = "\n".join([*lines, ""]) if lines else ""
    return Lines(text.encode("utf-8", "backslashreplace"), len(lines), tuple(failed))
