"""Where a command's words go: results to standard output, everything else to standard error, each as its reader wants it."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from engage_cli.cli.options import Flags
from engage_cli.errors import EngageError, UsageError
from engage_cli.source import visible

if TYPE_CHECKING:
    from engage_cli.cli.render.blocks import Block
    from engage_cli.service.progress import Progress


@dataclass(slots=True)
class Output:
    """The two streams of one command, and how they are to be written."""

    flags: Flags
    folder: Path | None = None
    """The project that the command works on, once it is found."""

    def project(self, asked: Path | None) -> Path:
        """The folder of the project asked for, or of the nearest one upward. Raises UsageError where there is none."""
        from engage_cli.service.project import find_folder

        if asked is not None and not (asked / "engage.yaml").is_file():
            problem = f"there is no engage.yaml in {asked}" if asked.is_dir() else f"there is no folder {asked}"
            raise UsageError(problem, hint="--project names the folder that holds engage.yaml")
        self.folder = find_folder(asked or Path())
        return self.folder

    def progress(self) -> "Progress":
        """Shows what a use case is busy with: on a terminal once it takes long, with --verbose also how long it took."""
        from engage_cli.cli.progress import Shown
        from engage_cli.service.progress import SILENT

        if self.flags.quiet or not (self.flags.verbose or is_terminal(sys.stderr)):
            return SILENT
        return Shown(self)

    # ---- results -----------------------------------------------------------------------------------------------------

    def result(self, document: Callable[[], Mapping[str, Any]], blocks: Iterable["Block"]) -> None:
        """Print a result: as its document with --json, else for people."""
        if self.flags.as_json:
            self.document(document())
        else:
            self.show(blocks)

    def show(self, blocks: Iterable["Block"]) -> None:
        """Print a result for people."""
        self._print(sys.stdout, blocks)

    def document(self, value: Mapping[str, Any]) -> None:
        """Print the result as the one JSON document."""
        from engage_cli.cli.render.documents import json_text

        sys.stdout.write(json_text(value) + "\n")

    def raw(self, lines: Iterable[str]) -> None:
        """Print lines that a program will read: exactly as they are in a pipe, with what a terminal must not show escaped on one."""
        escape = is_terminal(sys.stdout)
        sys.stdout.writelines((visible(line) if escape else line) + "\n" for line in lines)

    # ---- messages ----------------------------------------------------------------------------------------------------

    def tell(self, blocks: Iterable["Block"]) -> None:
        """Print a warning or an error."""
        sys.stdout.flush()
        self._print(sys.stderr, blocks)

    def note(self, blocks: Iterable["Block"]) -> None:
        """Print what is good to know, unless asked to be quiet."""
        if not self.flags.quiet:
            self.tell(blocks)

    def texts_of(self, error: EngageError) -> dict[str, str]:
        """The files that an error points into, by the paths it uses."""
        from engage_cli.cli.render.issues import texts_of
        from engage_cli.source import InvalidError

        return texts_of(self.folder, error.issues) if isinstance(error, InvalidError) else {}

    def _print(self, stream: TextIO, blocks: Iterable["Block"]) -> None:
        if is_terminal(stream):
            from engage_cli.cli.render.terminal import print_blocks

            print_blocks(stream, blocks, no_color=self.flags.no_color)
        else:
            from engage_cli.cli.render.plain import plain_lines

            stream.writelines(line + "\n" for line in plain_lines(blocks, signs=can_show(stream)))


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody reads the stream on a terminal."""
    return stream.isatty()


def can_show(stream: TextIO) -> bool:
    """Whether the stream takes the signs that we draw with; ASCII takes their place where not."""
    from engage_cli.cli.render.blocks import SIGNS

    try:
        "".join(SIGNS).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return os.environ.get("TERM") != "linux" or not is_terminal(stream)
