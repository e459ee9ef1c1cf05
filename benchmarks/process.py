"""Run one thing in its own process and say what it cost. Every measurement goes through here."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
THREADS = 2
"""How many threads every system may use."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process cost: seconds of wall clock, seconds of processor (its own and its children's), and MiB of memory at its peak, its own
    or, where that is more, together with the processes that it started.

    `code` is its exit code, negative where a signal ended it.
    """

    wall: float
    cpu: float
    peak_mib: float
    code: int
    output: str
    errors: str

    @property
    def failed(self) -> bool:
        """Whether it ended with anything but 0."""
        return self.code != 0

    @property
    def problem(self) -> str:
        """The end of what a failed process said."""
        said = " ".join((self.errors.strip() or self.output.strip()).split())
        return f"exit code {self.code}: {said[-300:]}"


def run(command: Sequence[str], *, timeout: float = 7200) -> Usage:
    """Run a command to its end; one that takes longer than `timeout` seconds is killed."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"POLARS_MAX_THREADS": str(THREADS), "PYTHONPATH": os.pathsep.join(paths)}
    # Nobody pays for compiling Python at every run.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        used, output, errors = (Path(folder) / name for name in ("used.json", "output", "errors"))
        launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")), str(used), str(timeout)]
        with output.open("wb") as stdout, errors.open("wb") as stderr:
            subprocess.run([*launcher, *command], env=environment, stdout=stdout, stderr=stderr, check=True)
        found = json.loads(used.read_text())
        return Usage(
            wall=found["wall"],
            cpu=found["cpu"],
            peak_mib=max(megabytes(found["peak"]), found["together"] / (1 << 20)),
            code=int(found["code"]),
            output=output.read_text(errors="replace"),
            errors=errors.read_text(errors="replace"),
        )


def megabytes(maxrss: float) -> float:
    """MiB of what `ru_maxrss` counts: KiB on Linux, bytes on macOS."""
    return maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)


def run_engage(folder: Path, *arguments: str) -> Usage:
    """Run one command of engage on the project in a folder."""
    return run([sys.executable, "-m", "engage_cli", *arguments, "--project", str(folder)])
