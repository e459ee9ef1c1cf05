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

    @contextmanager
    def question(self, name: str) -> Iterator[None]:
        """Time what happens within."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.cpu[name] = time.process_time() - cpu
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
            "peak_mib": megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss),
            "each": self.cpu,
            "answers": self.answers,
        }
