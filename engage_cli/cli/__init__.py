"""The command line: commands that import what they use when they use it, and the rendering of results and errors."""

import sys


def main() -> None:
    """What `engage` and `python -m engage_cli` run."""
    try:
        from engage_cli.cli.entry import run

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
