"""Messages of a destination that only gets files: requests of its provider, one a line, for somebody else to send.

`deliveries/<run>/<destination>-<number>.jsonl` under the outputs, a new number each time that there is something left. A message counts as
handed over once its file has its final name. The log knows that name from the beginning, so that of what was begun when a command was cut
off it can be told what became of it, whatever engage.yaml says by then.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from msgspec import Struct

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.definitions.sending import Provider
from engage_cli.delivery.log import Entry, Fate, Log
from engage_cli.delivery.work import Handed
from engage_cli.messaging.message import Message
from engage_cli.messaging.providers import body_of, ses
from engage_cli.messaging.providers.request import ProviderError

Request = dict[str, Any]


class RequestFiles(Struct, frozen=True):
    """The files of one destination, for the messages of a run on a channel."""

    folder: Path
    destination: str
    run: str
    channel: str

    def next(self) -> Path:
        """The name that the next file gets."""
        number = 1
        while (self.folder / f"{self.destination}-{number}.jsonl").exists():
            number += 1
        return self.folder / f"{self.destination}-{number}.jsonl"


def recover_files(deliveries: Path, log: Log) -> None:
    """Settle what a command that was cut off had begun: handed over if its file is there, not if its part is. Where neither is, somebody
    may have taken the file: that stays open."""
    for run, name in log.files_under_way():
        path = deliveries / run / name
        if path.exists():
            log.settle(run, name, Fate.SENT)
        elif (part := files.part_of(path)).exists():
            log.settle(run, name, Fate.WAITING)
            files.remove(part)


class Requests(Struct, frozen=True):
    """How messages become requests of a provider."""

    provider: Provider
    options: Mapping[str, str]
    headers_of: Callable[[Message], dict[str, str]]

    def of(self, messages: Iterable[Message], refuse: Callable[[Message, ProviderError], None]) -> Iterator[tuple[Request, int]]:
        """The requests, and how many messages each has; `refuse` is told of those that the provider has no place for."""
        together: list[tuple[Message, dict[str, str]]] = []
        for message in messages:
            try:
                headers = self.headers_of(message)
                request = body_of(self.provider, message, self.options, headers)
            except ProviderError as error:
                refuse(message, error)
                continue
            if self.provider is not Provider.SES:
                yield request, 1
                continue
            if together and (len(together) == ses.AT_MOST or ses.together(together[0][0]) != ses.together(message)):
                yield ses.bulk_of(together, self.options), len(together)
                together = []
            together.append((message, headers))
        if together:
            yield ses.bulk_of(together, self.options), len(together)


def write_requests(
    batches: Iterable[Sequence[Message]],
    requests: Requests,
    place: RequestFiles,
    log: Log,
    done: Callable[[int], None],
    *,
    again: Collection[Fate] = (),
) -> Handed:
    """Write the requests of messages to a new file, and settle them; no file where there are none. `again`: what came to this, too."""
    handed, now = Handed(), datetime.now(UTC)
    path = place.next()
    part = files.part_of(path)

    def begun() -> Iterator[Message]:
        for batch in batches:
            named = [(one.message_id, one.user_id) for one in batch]
            may = log.begin_all(named, place.run, place.channel, path.name, now, again=again)
            yield from (message for message, is_begun in zip(batch, may, strict=True) if is_begun)

    def refuse(message: Message, error: ProviderError) -> None:
        words = f"the message {error}"
        log.end(Entry(message.message_id, place.run, message.channel, message.user_id, Fate.REFUSED, 0, "message", words, now))
        handed.fates[Fate.REFUSED] += 1

    files.make_folder(place.folder)
    with files.on_disk("write", part), part.open("w", encoding="utf-8", newline="\n") as out:
        written = _write(requests.of(begun(), refuse), out, done)
        out.flush()
        os.fsync(out.fileno())
    log.flush()
    if written:
        crash_point("requests written")
        files.rename(part, path)
        crash_point("requests named")
        handed.file = path
    else:
        files.remove(part)
    log.settle(place.run, path.name, Fate.SENT)
    handed.fates[Fate.SENT] += written
    return handed


def _write(requests: Iterable[tuple[Request, int]], out: TextIO, done: Callable[[int], None]) -> int:
    written = 0
    for request, number in requests:
        out.write(json.dumps(request, ensure_ascii=False, separators=(",", ":")) + "\n")
        written += number
        done(number)
    return written
