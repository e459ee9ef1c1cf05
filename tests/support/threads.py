"""How many threads DuckDB has in tests that do not say: one, since pytest's workers share the cores out.

Over a few rows a second thread does nothing but wait for the first, which costs a quarter more. Tests of more rows than one thread takes
ask for two, and so do the long searches (`make generated`, `agreement`, `kills`), by `ENGAGE_TEST_THREADS`.
"""

import os

from engage_cli.engine import connection


def run_on_one_thread() -> None:
    """Have connections of this process, and of those that it forks, one thread where their project does not say."""
    connection.THREADS = int(os.environ.get("ENGAGE_TEST_THREADS", "1"))
