"""What `init` and the `state` commands say."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from engage_cli.cli.render.blocks import EMPTY, Block, Piece, Style, counted, dim, line, strong
from engage_cli.service.results.project import InitResult, StateFinding


def init_blocks(result: InitResult, shown_folder: str, example: str) -> Iterator[Block]:
    """The new project, and what to do next. `example`: an audience of it."""
    yield line("made a project in ", strong(shown_folder), f": {counted(len(result.files), 'file')}")
    yield from (line(dim("  "), file) for file in result.files)
    yield EMPTY
    yield line("next:")
    if shown_folder != ".":
        yield line(f"  cd {shown_folder}")
    yield line("  engage audience build")
    yield line(f"  engage audience preview {example}")
    yield line("  engage run", dim("    # journeys and messages, too; README.md says how"))


def backup_blocks(path: str) -> Iterator[Block]:
    """Where the backup is."""
    yield line("the state is backed up in ", strong(path))


def restore_blocks(source: Path, earlier: str | None) -> Iterator[Block]:
    """What was restored, and where the state before it is."""
    yield line("the state is restored from ", strong(str(source)))
    if earlier is not None:
        yield line(dim("the state before it is kept in "), earlier)


def findings_blocks(findings: Sequence[StateFinding]) -> Iterator[Block]:
    """Every broken invariant, with what to do."""
    if not findings:
        yield line(Piece("the state is sound", Style.GOOD))
        return
    for finding in findings:
        yield line(Piece("error", Style.BAD), ": ", finding.message)
        yield line(Piece("  hint: ", Style.GOOD), finding.hint)
    yield line(strong(f"{counted(len(findings), 'broken invariant')}"))
