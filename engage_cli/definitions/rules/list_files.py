"""A file that `in_file` names lies in the project folder and exists."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.definitions.yaml_nodes import shortened
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every mention of a list file that is outside the project folder or missing."""
    for mention in loaded.mentioned(Mentioned.LIST_FILE):
        if (problem := _problem(mention.name, loaded.folder)) is not None:
            yield Issue(problem[0], problem[1], mention.span, problem[2])


def _problem(path: str, folder: Path | None) -> tuple[str, str, str] | None:
    outside = ("list-file", f"{shortened(path)} is outside the project folder", "name a file by its path from the folder of engage.yaml")
    if "\0" in path or PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        return outside
    if folder is None:
        return None
    found = folder / path
    if not found.resolve().is_relative_to(folder.resolve()):
        return outside
    if not found.is_file():
        return ("list-file", f"there is no file {shortened(path)} in the project folder", "paths count from the folder of engage.yaml")
    return None
