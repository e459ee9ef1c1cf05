"""A terminal to print to in a test."""

import io
from collections.abc import Iterable

import pytest

from engage_cli.cli.render.blocks import Block
from engage_cli.cli.render.terminal import print_blocks


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # StringIO has None
        return self._encoding

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, blocks: Iterable[Block], *, width: int = 100, no_color: bool = False) -> str:
    """What blocks look like on a terminal of a width, the escape character written as `ESC`."""
    for variable in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    print_blocks(stream, blocks, no_color=no_color)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().replace("\x1b", "ESC").splitlines())
