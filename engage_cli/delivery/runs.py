"""The runs that have messages, as their folders say: `manifest.json` lists the files, with the hash of each."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from engage_cli import files
from engage_cli.errors import DataError, UsageError
from engage_cli.messaging.message import Message, read_message
from engage_cli.outputs.folder import MANIFEST
from engage_cli.records import replace
from engage_cli.source import did_you_mean, visible

_FOLDER = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
_MESSAGES = re.compile(r"messages/([a-z]+)\.[a-z]+")


class MessageFile(Struct, frozen=True):
    """The messages of a run on one channel, so many rows."""

    channel: str
    path: Path
    rows: int
    sha256: str

    @property
    def can_be_handed_over(self) -> bool:
        """Whether it is JSONL; a run writes others with `--format`."""
        return self.path.suffix == ".jsonl"


class RunMessages(Struct, frozen=True):
    """A run that has messages, by the name of its folder."""

    name: str
    files: tuple[MessageFile, ...]


def runs_with_messages(outputs: Path) -> list[RunMessages]:
    """All of them, the oldest first."""
    found = (_read(folder) for folder in sorted((outputs / "runs").glob("*")) if _FOLDER.fullmatch(folder.name))
    return [run for run in found if run.files]


def find_run(outputs: Path, asked: str) -> RunMessages:
    """The run whose folder has a name, or whose id (the last eight digits of the name) is that. UsageError where none has messages."""
    runs = runs_with_messages(outputs)
    for run in runs:
        if asked in (run.name, run.name[-8:]):
            return run
    names = [run.name for run in runs]
    near = did_you_mean(asked, [*names, *(name[-8:] for name in names)])
    hint = near or (f"the last one is {names[-1]}" if names else f"no run in {outputs / 'runs'} has messages")
    raise UsageError(f"there is no run `{visible(asked)}` with messages", hint=hint)


def messages_of(file: MessageFile, sender: str | None = None) -> Iterator[Message]:
    """The messages of a file, one after the other; those that do not say whom they are from are from `sender`.

    Raises DataError for a file that is not what the run wrote.
    """
    if not file.path.is_file() or files.sha256_of(file.path) != file.sha256:
        raise DataError(f"{file.path} is not the file that the run wrote", hint="take the run's folder from a backup; nothing was sent")
    with file.path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            message = read_message(line, file.channel, f"{file.path}, line {number}")
            yield message if message.sender is not None else replace(message, sender=sender)


def not_jsonl(file: MessageFile) -> DataError:
    """What a user is told who asks for a file that cannot be handed over."""
    return DataError(f"{file.path} is not JSONL, which alone can be handed over", hint="write messages without --format")


def _read(folder: Path) -> RunMessages:
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        found = [(_MESSAGES.fullmatch(file["path"]), file) for file in listed]
        message_files = tuple(
            MessageFile(match[1], folder / file["path"], int(file["rows"]), file["sha256"]) for match, file in found if match is not None
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{folder / MANIFEST} cannot be read", hint="take the run's folder from a backup, or move it away") from None
    return RunMessages(folder.name, message_files)
