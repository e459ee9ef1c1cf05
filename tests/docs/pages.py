"""The pages of the documentation as scripts: the files that they show, and the commands that they give, in order.

A fenced block whose first line says `file=PATH` is a file. In `sh` blocks each line is a command, in `console` blocks those after
`$ `; the lines below such a command are part of what it prints. `# exits with 3` after a command is its exit code, else it is 0.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))

_FENCE = re.compile(r"^```(?P<language>\w*)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT_CODE = re.compile(r"\s+# exits with (\d+)$")


@dataclass(frozen=True)
class Block:
    """A fenced block. `line` is the line of its first line of text."""

    page: str
    line: int
    language: str
    info: str
    body: str

    @property
    def file(self) -> str | None:
        """The path of the file that the block shows."""
        found = re.search(r"file=(\S+)", self.info)
        return found[1] if found else None


@dataclass(frozen=True)
class Command:
    """A command, the exit code that the page states, and lines that it prints."""

    place: str
    text: str
    exit_code: int
    prints: tuple[str, ...]


def text_of(page: str) -> str:
    """The text of a page, by its path in the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = text_of(page)
    return [
        Block(page, text.count("\n", 0, found.start()) + 2, found["language"], found["info"].strip(), found["body"])
        for found in _FENCE.finditer(text)
    ]


def steps_of(page: str) -> Iterator[Block | Command]:
    """The files and commands of a page, in order."""
    for block in blocks_of(page):
        if block.file is not None:
            yield block
        elif block.language in ("sh", "console"):
            yield from _commands(block)


def _commands(block: Block) -> Iterator[Command]:
    lines = block.body.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ") or (block.language == "sh" and line.strip())]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        line = lines[start].removeprefix("$ ")
        stated = _EXIT_CODE.search(line)
        prints = tuple(text for text in lines[start + 1 : end] if text.strip())
        yield Command(f"{block.page}:{block.line + start}", _EXIT_CODE.sub("", line), int(stated[1]) if stated else 0, prints)
