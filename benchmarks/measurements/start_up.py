"""`engage --help`: how long it takes until anything happens at all."""

import sys

from benchmarks.process import run
from benchmarks.results import ENGAGE, Row, compared, of_process
from benchmarks.setting import Setting


def start_up(setting: Setting) -> list[Row]:
    """The quickest of several runs, beside a Python that does nothing and one that imports DuckDB."""
    commands = {
        f"{ENGAGE} --help": ["-m", "engage_cli", "--help"],
        "python, nothing": ["-c", ""],
        "python, import duckdb": ["-c", "import duckdb"],
    }
    runs = {name: [run([sys.executable, *arguments]) for _ in range(5)] for name, arguments in commands.items()}
    rows = [of_process("start_up", name, min(done, key=lambda usage: usage.wall)) for name, done in runs.items()]
    return compared(rows, "python, nothing")
