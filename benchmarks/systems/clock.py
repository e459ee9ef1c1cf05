"""Processor time of the questions alone, apart from what checks their answers."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from benchmarks.answers import Answer
from benchmarks.process import megabytes


@dataclass(slots=True)
class Clock:
    """Seconds of processor and of wall clock of each question, all threads together, and the answers."""

    cpu: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    checking: float = 0
    """Seconds of processor that went into checking answers."""
    together_mib: float = 0
    """MiB of memory of this process and of those that it started, at the most that they had at once."""

    @contextmanager
    def question(self, name: str) -> Iterator[None]:
        """Time what happens within, in this process and in those that it starts and waits for."""
        cpu, wall = _processor(), time.perf_counter()
        yield
        self.cpu[name] = _processor() - cpu
        self.wall[name] = time.perf_counter() - wall

    @contextmanager
    def check(self) -> Iterator[None]:
        """Leave what happens within out of the account."""
        cpu = time.process_time()
        yield
        self.checking += time.process_time() - cpu

    def report(self) -> dict[str, object]:
        """What the process has to say, for JSON: seconds, and MiB of memory at its peak so far."""
        return {
            "cpu": sum(self.cpu.values()),
            "wall": sum(self.wall.values()),
            "checking": self.checking,
            "peak_mib": max(self.together_mib, megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)),
            "each": self.cpu,
            "answers": self.answers,
        }


class Watch(Thread):
    """Looks at the memory of this process and of those that it started, twenty times a second; `peak_mib` is the most at once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mib = 0.0
        self._over = Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Until the block ends."""
        while not self._over.wait(0.05):
            self.peak_mib = max(self.peak_mib, sum(map(_resident_mib, [os.getpid(), *_children()])))


def _children() -> list[int]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def _resident_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)
    except (OSError, IndexError):
        return 0.0  # it has ended meanwhile


def _processor() -> float:
    """Seconds of processor so far, of this process and of those that it started and that have ended."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime
