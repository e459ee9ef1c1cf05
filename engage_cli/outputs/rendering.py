"""Rendering on all cores: batches of messages go to processes of their own and come back as lines, in the order in which they went.

Small runs render in their own process. The others are plain processes joined by pipes: DuckDB's threads and files are never forked, and a
process whose run is killed reads the end of its pipe and ends. What is rendered is the same either way, byte for byte.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from engage_cli.errors import EngageError
from engage_cli.messaging.policy.batches import Lines, Row, lines_of
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.rendering import Messages
from engage_cli.messaging.policy.worker import read_frame, write_frame

BATCH = 1000
"""Messages that are rendered at once: a batch and its lines are in memory, a few times over."""
FROM = 20_000
"""So many messages are worth starting processes for: each takes as long to start as some thousands take to render."""
_WORKER = "engage_cli.messaging.policy.worker"
_ROOT = Path(__file__).parents[2]
_KEPT = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "TZDIR", "VIRTUAL_ENV")
_FEWER = "nothing was sent; run again, and where memory is short give `engine.threads` a smaller number in engage.yaml"
_PIPE = 1 << 20
"""Bytes that a pipe holds, where the system lets us say so."""


def rendered(editions: Mapping[str, Edition], batches: Iterable[Sequence[Row]], messages: int, processes: int) -> Generator[Lines]:
    """The lines of batches, in order. `messages`: about how many there are; `processes`: how many may render them."""
    if messages < FROM or processes < 2:
        here = Messages(editions)
        yield from (lines_of(here, batch) for batch in batches)
        return
    # A process more than there is work for costs its start.
    with _Pool(editions, min(processes, max(2, messages // (FROM // 2)))) as pool:
        yield from pool.lines(batches)


class _Pool:
    """Processes that render, and a thread for each that feeds it. Left by whatever way, all of them are gone."""

    def __init__(self, editions: Mapping[str, Edition], processes: int) -> None:
        self._editions = editions
        self._number = processes
        self._free: SimpleQueue[_Process] = SimpleQueue()
        self._ends = ExitStack()

    def __enter__(self) -> "_Pool":
        with self._ends:
            self._threads = self._ends.enter_context(ThreadPoolExecutor(self._number))
            for _ in range(self._number):
                self._free.put(self._ends.enter_context(_Process(self._editions)))
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()  # the processes first: a thread that waits for one then stops waiting

    def lines(self, batches: Iterable[Sequence[Row]]) -> Iterator[Lines]:
        """The lines of batches, in order; at most two batches a process are under way."""
        going: deque[tuple[Sequence[Row], Future[Lines | None]]] = deque()
        for batch in batches:
            if len(going) >= 2 * self._number:
                yield self._taken(*going.popleft())
            going.append((batch, self._threads.submit(self._render, batch)))
        while going:
            yield self._taken(*going.popleft())

    def _render(self, batch: Sequence[Row]) -> Lines | None:
        process = self._free.get()
        try:
            return process.render(batch)
        finally:
            self._free.put(process)

    def _taken(self, batch: Sequence[Row], future: Future[Lines | None]) -> Lines:
        # What failed over there fails here again, and says so as it does in a small run.
        return future.result() or lines_of(Messages(self._editions), batch)


class _Process:
    """One process that renders."""

    def __init__(self, editions: Mapping[str, Edition]) -> None:
        self._editions = editions

    def __enter__(self) -> "_Process":
        try:
            self._said = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=_environment(),
                process_group=0,  # Ctrl-C is for the run, which ends the process
            )
        except OSError as error:
            raise EngageError(f"a process that renders messages cannot be started: {error}", hint=_FEWER) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        for stream in (self._to, self._from):
            _widen(stream)
        self._send(dict(self._editions))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._to, self._from, self._said):
            with suppress(OSError):
                stream.close()

    def render(self, batch: Sequence[Row]) -> Lines | None:
        """The lines of a batch. Raises EngageError where the process has ended."""
        self._send(batch)
        try:
            answer: Lines | None = read_frame(self._from)
        except EOFError:
            raise self._lost() from None
        return answer

    def _send(self, content: object) -> None:
        try:
            write_frame(self._to, content)
        except OSError:
            raise self._lost() from None

    def _lost(self) -> EngageError:
        code = self._process.wait()
        self._said.seek(0)
        last = (self._said.read().decode("utf-8", "replace").strip().splitlines() or [""])[-1]
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        return EngageError(f"a process that renders messages {how}{': ' + last if last else ''}", hint=_FEWER)


def _environment() -> dict[str, str]:
    """What such a process needs to start, and nothing that is secret: keys and passwords stay with the run."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(("LC_", "PYTHON"))}
    return kept | {"PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])])}


def _widen(stream: IO[bytes]) -> None:
    """Let a pipe hold more at a time: fewer turns between the two processes."""
    size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if size is not None:
        with suppress(OSError):
            fcntl.fcntl(stream.fileno(), size, _PIPE)
