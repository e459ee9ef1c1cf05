"""Which segments a new one takes over, so that there are few of them and no row is written often.

A segment is taken over while it is no larger than twice what comes after it: their sizes fall at least by half from one to the next,
so that of n rows there are never more than log2(n) segments, and each row is written again about as often.
"""

from collections.abc import Sequence

from engage_cli.engine.store.manifest import Segment

GROWTH = 2


def absorbed(segments: Sequence[Segment], rows: int) -> int:
    """How many of the last segments a new one of about `rows` rows takes over."""
    taken = 0
    for segment in reversed(segments):
        if segment.rows > GROWTH * rows:
            break
        rows += segment.rows
        taken += 1
    return taken
