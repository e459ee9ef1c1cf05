"""Hand-written queries that say who is in an audience, apart from everything that engage does."""

from pathlib import Path

import duckdb

PRELUDE = "_prelude.sql"


class HandWritten:
    """A folder of queries, one `<audience>.sql` each, over the files as they lie; `_prelude.sql` is what they stand on."""

    def __init__(self, folder: Path, run_in: Path) -> None:
        self._folder = folder
        self._connection = duckdb.connect()
        self._connection.execute(f"SET file_search_path = '{run_in}'")
        self._connection.execute((folder / PRELUDE).read_text())

    @staticmethod
    def names(folder: Path) -> list[str]:
        """The audiences that have a query."""
        return sorted(path.stem for path in folder.glob("[a-z]*.sql"))

    def members(self, name: str) -> list[str]:
        """The user ids that a query gives, in order."""
        rows = self._connection.execute((self._folder / f"{name}.sql").read_text()).fetchall()
        return sorted(user for (user,) in rows)
