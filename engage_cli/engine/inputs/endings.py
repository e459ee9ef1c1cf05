"""How a text file ends: whether a CSV that is read whole was cut off within its last row. Asked by loading.py of broken rows alone."""

import gzip
import os
from pathlib import Path

from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.files import Format, InputPath
from engage_cli.engine.inputs.remote import is_remote
from engage_cli.errors import DataError
from engage_cli.source import visible

_PIECE = 1 << 20


def refuse_cut_off(connection: Connection, batch: Batch) -> None:
    """DataError where the last row of a file has too few columns and no line end: whoever is not in the file would count as gone.

    What read_csv could not read is in the tables `broken_line` and `broken_scan`.
    """
    found = connection.rows(
        "SELECT file_path, max(line), arg_max(csv_line, line) FROM broken_line JOIN broken_scan USING (scan_id, file_id) "
        "WHERE error_type IN ('MISSING COLUMNS', 'UNQUOTED VALUE') GROUP BY file_path ORDER BY file_path"
    )
    paths = {file.opened: file for file in batch.files if file.file_format is Format.CSV}
    for opened, row, text in found:
        file, last = paths.get(str(opened)), str(text or "").lstrip("\r\n").encode()
        if file is not None and last and not last.endswith((b"\n", b"\r")) and _ending(file, len(last)) == last:
            raise DataError(
                f"`{visible(file.shown)}` is cut off within its last line (row {row}); nothing was read from it",
                hint="write or fetch the file again, under another name until it is whole",
            )


def _ending(file: InputPath, size: int) -> bytes | None:
    """The last bytes of a file's text. None where they cannot be had without reading it by other means: remote files, and zstd."""
    if is_remote(file.opened) or file.compression == "zstd":
        return None
    if file.compression is None:
        with Path(file.opened).open("rb") as stream:
            stream.seek(-min(size, stream.seek(0, os.SEEK_END)), os.SEEK_END)
            return stream.read()
    last = b""
    with gzip.open(file.opened, "rb") as text:
        while piece := text.read(_PIECE):
            last = (last + piece)[-size:]
    return last
