"""The command line: commands that import what they use when they use it, and the rendering of results and errors."""

import gc
import sys


def main() -> None:
    """What `engage` and `python -m engage_cli` run."""
    try:
        from engage_cli.cli.entry import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    gc.freeze()  # the process ends: Python would look through everything for cycles once more, which takes a tenth of a short command
    sys.exit(code)
