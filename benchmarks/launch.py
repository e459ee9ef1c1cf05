"""Run a command and write what it used as JSON: `python -I -S launch.py FILE SECONDS COMMAND…`, for benchmarks.process.

A process of its own, and a small one: Linux counts the memory of the process that forks as a peak of the one that is forked.
"""

import json
import os
import subprocess
import sys
import time


def launch(command: list[str], timeout: float) -> dict[str, float]:
    """Seconds of wall clock and of processor, the peak of memory as the system counts it, and the exit code."""
    begun = time.perf_counter()
    child = subprocess.Popen(command)
    while True:
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
        "code": child.returncode,
    }


if __name__ == "__main__":
    used = launch(sys.argv[3:], float(sys.argv[2]))
    with open(sys.argv[1], "w") as file:  # noqa: PTH123 - pathlib would double the start of this process
        json.dump(used, file)
