"""What commands of several groups show in one way: data that is odd, exports, SQL."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from engage_cli.cli.output import Output

if TYPE_CHECKING:
    from engage_cli.cli.render.blocks import Block
    from engage_cli.service.results.audiences import Export
    from engage_cli.service.results.common import DataReport


def tell_data(out: Output, data: "DataReport | None", folder: Path | None = None, *, writes: bool = False) -> None:
    """Say on standard error what of the data could not be read, or is odd. `writes`: the command writes a rejects file, in `folder`."""
    from engage_cli.cli.render.data import note_blocks, shown_path, warning_blocks

    if data is None:
        return
    rejects = None if folder is None or data.rejects_file is None else shown_path(folder, data.rejects_file)
    out.tell(warning_blocks(data, rejects_file=rejects, writes=writes))
    out.note(note_blocks(data))


def show_export(out: Output, result: "Export", rows: str, blocks: "Iterable[Block]") -> None:
    """Rows that were exported: as lines, in a document under the name `rows`, or where they were written."""
    from engage_cli.cli.render.documents import export_document

    if out.flags.as_json:
        out.document(export_document(result, rows))
    elif result.path is None:
        out.raw(result.lines)
    else:
        out.show(blocks)


def show_sql(out: Output, name: str, text: str) -> None:
    """The SQL of a definition."""
    if out.flags.as_json:
        out.document({"name": name, "sql": text})
    else:
        out.raw(text.removesuffix("\n").split("\n"))
