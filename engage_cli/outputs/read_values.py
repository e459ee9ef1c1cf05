"""Reading values that no SQL can read: each distinct one once, in Python, in batches, so that memory does not grow with them.

For phone numbers, by libphonenumber's rules (https://github.com/google/libphonenumber, in Python as `phonenumbers`), and for names of
countries. Called for the members of lists that are new or changed.
"""

import json
from collections.abc import Callable

from sqlglot import exp

from engage_cli.engine.base import Engine

BATCH = 10_000
Read = Callable[[str, str | None], str | None]
"""A value, and what it is read by beside itself (of a phone: the region), to its form; None where it has none."""


def make_reading(engine: Engine, name: str, asked: exp.Query | None, read: Read) -> None:
    """Make the relation `name(value VARCHAR, beside VARCHAR, form VARCHAR)` of the distinct rows (value, beside) of a query.

    `beside` may be NULL. There is no row of a value that has no form, and none at all where nothing is asked.
    """
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {name} (value VARCHAR, beside VARCHAR, form VARCHAR)")
    if asked is None:
        return
    for relation in ("value_asked", "value_place"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{relation}")
    engine.create("value_asked", asked)
    engine.execute(_PLACE)
    insert = _INSERT.replace("{name}", name)
    start = 1
    while rows := engine.rows(_BATCH, [start, start + BATCH]):
        found = [(value, beside, form) for value, beside in rows if (form := read(value, beside)) is not None]
        if found:
            engine.execute(insert, [json.dumps(found)])
        start += BATCH


_PLACE = """
    CREATE TEMP TABLE value_place AS
    SELECT value, beside, row_number() OVER (ORDER BY value, beside NULLS FIRST) AS place
    FROM (SELECT DISTINCT value, beside FROM value_asked WHERE value IS NOT NULL)
"""
# One text and not a list: DuckDB's Python looks for libraries that it could need at each value of a list, a tenth of a millisecond each.
_INSERT = """
    INSERT INTO {name} SELECT read[1], read[2], read[3] FROM (SELECT unnest(from_json(CAST(? AS JSON), '[["VARCHAR"]]')) AS read)
"""
_BATCH = "SELECT value, beside FROM value_place WHERE place >= ? AND place < ? ORDER BY place"
