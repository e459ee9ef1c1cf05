"""Distinct days of a stretch as the bits of a few whole numbers by user: half the work of COUNT(DISTINCT …), which hashes every day of
everybody. Called by lowering.py, which calls the macro, and by connection.py, which makes it.
"""

_BITS = 64


def days_macro(count: int) -> str:
    """The name of the macro of a stretch of so many days. Equal numbers of words share one."""
    return f"DAYS_WITHIN_{_words(count) * _BITS}"


def days_statement(count: int) -> str:
    """Name, parameters and body of it: how many of the days from `first` on occur among the DATEs. None is before or after them."""
    if _words(count) == 1:
        counted = _count("day - first")
    else:
        counted = " + ".join(
            _count(f"(day - first) % {_BITS}", f" FILTER ((day - first) // {_BITS} = {word})") for word in range(_words(count))
        )
    return f"\n{days_macro(count).lower()}(day, first) AS {counted}\n"


def _count(bit: str, which: str = "") -> str:
    return f"coalesce(CAST(bit_count(bit_or(CAST(1 AS UBIGINT) << CAST({bit} AS UBIGINT)){which}) AS BIGINT), 0)"


def _words(count: int) -> int:
    return -(-count // _BITS)
