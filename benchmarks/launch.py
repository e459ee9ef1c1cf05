"""Run a command and write what it used as JSON: `python -I -S launch.py FILE SECONDS COMMAND…`, for benchmarks.process.

A process of its own, and a small one: Linux counts the memory of the process that forks as a peak of the one that is forked.
"""

import json
import os
import subprocess
import sys
import time

WATCHED = 0.05
"""Seconds between two looks at the memory of all processes together."""


def launch(command: list[str], timeout: float) -> dict[str, float]:
    """Seconds of wall clock and of processor, the peak of memory as the system counts it of the process, that of it and of those that it
    started at once, in bytes (0 where the system does not say), and the exit code."""
    begun = looked = time.perf_counter()
    together = 0
    child = subprocess.Popen(command)
    while True:
        if time.perf_counter() - looked > WATCHED:
            looked = time.perf_counter()
            together = max(together, sum(map(resident, [child.pid, *children(child.pid)])))
        # wait4 gives the usage of this very child and of its children.
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        if time.perf_counter() - begun > timeout:
            child.kill()
        time.sleep(0.002)
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "wall": time.perf_counter() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss,
        "together": together,
        "code": child.returncode,
    }


def children(pid: int) -> list[int]:
    """The processes that one has started and that have not ended."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - as below
            with open(f"/proc/{pid}/task/{task}/children") as file:  # noqa: PTH123 - as below
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def resident(pid: int) -> int:
    """Bytes of memory that a process has; 0 for one that has ended."""
    try:
        with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123 - as below
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    used = launch(sys.argv[3:], float(sys.argv[2]))
    with open(sys.argv[1], "w") as file:  # noqa: PTH123 - pathlib would double the start of this process
        json.dump(used, file)
