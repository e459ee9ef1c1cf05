"""`engage init`: a starter project with sample data, that runs at once."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

from engage_cli.errors import UsageError
from engage_cli.service.clock import started_at
from engage_cli.service.results.project import InitResult
from engage_cli.source import visible

STARTER = Path(__file__).parents[1] / "starter"
"""The files of the starter project, which come with the package."""

LAST_DAY = date(2026, 3, 31)
"""The last day of the sample data as it comes with the package."""

_DATED = ("sample_data", "campaigns")
"""The folders in whose files all days are moved."""

EXAMPLE_AUDIENCE = "big_spenders"
"""An audience of the starter project that has members."""

_CONFIG = "engage.yaml"
_RENAMED = {"gitignore": ".gitignore"}
_KEPT = {".gitignore", "README.md"}
"""Files that a folder may have before, and that then stay as they are."""

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d")


def init(directory: Path, *, today: date | None = None) -> InitResult:
    """Make the starter project in a folder, which is made if missing; its sample data ends the day before `today` (None: by the clock).

    Raises UsageError where a file is in the way. Overwrites nothing, and on a failure leaves nothing.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{visible(str(directory))} is a file, and a project is a folder", hint="name another folder")
    if (directory / _CONFIG).exists():
        raise UsageError(f"there is a project in {visible(str(directory))} already: it has an {_CONFIG}", hint="name another folder")
    files = {path: text for path, text in _files(today or started_at().date()) if not (path in _KEPT and (directory / path).exists())}
    for path in files:
        if (directory / path).exists():
            raise UsageError(
                f"{visible(str(directory / path))} exists, and nothing is overwritten", hint="name another folder, or move the file"
            )
    _write_all(directory, files)
    return InitResult(directory, tuple(files))


def _files(today: date) -> Iterator[tuple[str, str]]:
    """The files by their paths in the project, engage.yaml last: only a whole project has one."""
    paths = (PurePosixPath(path.relative_to(STARTER).as_posix()) for path in STARTER.rglob("*") if path.is_file())
    for path in sorted(paths, key=lambda path: (path.name == _CONFIG, path)):
        text = (STARTER / path).read_text(encoding="utf-8")
        shown = _moved(text, today - timedelta(days=1) - LAST_DAY) if path.parts[0] in _DATED else text
        yield _RENAMED.get(str(path), str(path)), shown


def _moved(text: str, by: timedelta) -> str:
    """The text with every day in it moved."""
    return _DAY.sub(lambda found: (date.fromisoformat(found.group()) + by).isoformat(), text)


def _write_all(directory: Path, files: dict[str, str]) -> None:
    """Write the files, making the folders they need; whatever was made is removed again if that fails or is interrupted."""
    made: list[Path] = []
    try:
        for path, text in files.items():
            target = directory / path
            _make_folder(target.parent, made)
            with target.open("x", encoding="utf-8", newline="\n") as file:
                made.append(target)
                file.write(text)
    except BaseException:
        for one in reversed(made):
            one.rmdir() if one.is_dir() else one.unlink()
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        made.append(one)
