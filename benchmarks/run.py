"""Measure: `python -m benchmarks.run [--events N] [--users M] [--only NAME…] [--out results.json] [--dir DIR]`.

Everything that is measured runs in a fresh process, with two threads. A failure is shown and does not stop the others.
"""

import argparse
import json
import shlex
import sys
import traceback
from itertools import groupby
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.measurements.catalogue import MEASUREMENTS, ONLY_WHEN_ASKED
from benchmarks.report import RESULTS, text_table
from benchmarks.results import Row
from benchmarks.setting import Setting

_EPILOG = f"Measurements: {', '.join(MEASUREMENTS)}. Without --only all but {', '.join(ONLY_WHEN_ASKED)}."


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code is 1 if anything failed or answers differ."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _options(given)
    setting = Setting(options.dir.resolve(), options.events, options.users, options.files, options.repeat, options.appends)
    document: dict[str, object] = {
        "command": f"python -m benchmarks.run {shlex.join(given)}".strip(),
        "events": options.events,
        "users": options.users,
        "files": options.files,
        "machine": machine(),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for name in options.only or [name for name in MEASUREMENTS if name not in ONLY_WHEN_ASKED]:
        measured = _measured(name, setting)
        for title, group in groupby(measured, key=lambda row: row.measurement):
            print(text_table(title, [row.document() for row in group]), flush=True)
        rows += measured
        options.out.write_text(json.dumps(document | {"rows": [row.document() for row in rows]}, indent=1) + "\n")
    failed = [row for row in rows if row.problem]
    for row in failed:
        print(f"{row.measurement}: {row.system}: {row.problem}", file=sys.stderr)
    return 1 if failed else 0


def _measured(name: str, setting: Setting) -> list[Row]:
    try:
        return MEASUREMENTS[name](setting)
    except Exception as error:  # one measurement must not stop the others
        traceback.print_exc()
        return [Row(name, "the measurement itself", problem=f"{type(error).__name__}: {error}")]


def _name(text: str) -> str:
    return text.replace("-", "_")


def _options(arguments: list[str]) -> argparse.Namespace:
    description = "Measure engage and what it is compared with."
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=description, epilog=_EPILOG)
    parser.add_argument("--events", type=int, default=20_000_000, help="events of the two years (default: %(default)s)")
    parser.add_argument("--users", type=int, default=1_000_000, help="users (default: %(default)s)")
    parser.add_argument("--files", type=int, default=20, help="event files (default: %(default)s)")
    parser.add_argument("--only", nargs="+", type=_name, choices=list(MEASUREMENTS), metavar="NAME", help="the measurements named below")
    parser.add_argument("--repeat", type=int, default=2, help="how often equal things are run; the cheapest counts (default: %(default)s)")
    parser.add_argument("--appends", type=int, default=100, help="daily files of hundred_appends (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the rows go (default: %(default)s)")
    parser.add_argument("--dir", type=Path, default=RESULTS.parent, help="where everything is made (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
