"""Processor time of the questions alone, apart from what checks their answers."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

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
    others_mib: float = 0
    """MiB of memory of the processes that this one started, at their peak."""

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
            "peak_mib": megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) + self.others_mib,
            "each": self.cpu,
            "answers": self.answers,
        }


def _processor() -> float:
    """Seconds of processor so far, of this process and of those that it started and that have ended."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime
