"""Finding the project that a command is about."""

from pathlib import Path

from engage_cli.definitions.project_files import find_project
from engage_cli.errors import UsageError


def find_folder(start: Path) -> Path:
    """The nearest folder from `start` upward with an engage.yaml."""
    folder = find_project(start)
    if folder is None:
        raise UsageError(
            f"no engage.yaml in {start.absolute()} or any folder above it",
            hint="go to the project's folder, name it with --project DIR, or make one with `engage init DIR`",
        )
    return folder
