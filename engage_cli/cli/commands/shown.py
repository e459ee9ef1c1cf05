"""What commands of several groups show in one way: data that is odd, exports, SQL."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engage_cli.cli.output import Output

if TYPE_CHECKING:
    from engage_cli.cli.render.blocks import Block
    from engage_cli.service.results import DataReport, Export


def tell_data(out: Output, data: "DataReport | None") -> None:
    """Say on standard error what of the data could not be read, or is odd."""
    from engage_cli.cli.render.data import note_blocks, warning_blocks

    if data is None:
        return
    out.tell(warning_blocks(data))
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
        out.raw(text.splitlines())
