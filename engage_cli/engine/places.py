"""Groupings in which each user has a place of their own, in place of a hash table: a quarter of the time where most users are found.

DuckDB does so by itself where there are few keys. Here it is allowed for a statement that reads enough events for it, and whose places take
little memory: `memory_limit` does not count them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from sqlglot import exp

from engage_cli.engine.lowering import nodes
from engage_cli.sql.events import READS, Reads

SETTING = "perfect_ht_threshold"
USUAL = 12
"""The bits of a key up to which DuckDB makes places by itself."""
FEWEST_USERS = 50_000
"""With fewer users a hash table is no slower: it stays in the processor's cache."""
SHARE = 8
"""The part of `memory_limit`, as its divisor, that places may take."""
WORTH = 80
"""How many bytes of places may be laid out for each event that is read: so many take as long as a hash table does for the event."""
_STATES: dict[type[exp.Expr], int] = {exp.Count: 8, exp.Sum: 24, exp.Min: 24, exp.Max: 24}
_OWN_STATES = {"E_SUM": 88, "E_DAYS": 16}
"""Bytes that an aggregate takes for each user, and a function of our own that is one; of E_DAYS for each 64 days."""
_UNSIZED = frozenset({"E_FIRST", "E_LAST", "E_SORTED_LIST", "E_LIST", "E_ONLY"})
"""Functions of our own that are aggregates whose size depends on values; E_FIRST and E_LAST take longer in places, too."""
_UNITS = {"bytes": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}


class Population(Struct, frozen=True):
    """What a run groups: how many keys users have, how many events there are by the key of their name, of what time, and DuckDB's settings
    (memory in bytes)."""

    users: int
    events: Mapping[int, int]
    first: datetime | None
    as_of: datetime
    memory: int
    threads: int

    def bits(self, query: exp.Expr) -> int:
        """Up to how many bits of a key DuckDB is to make places in this statement."""
        if self.users < FEWEST_USERS:
            return USUAL
        selects = [node for node in nodes(query) if isinstance(node, exp.Select)]
        read = [self._rows(node.meta[READS]) for node in selects if READS in node.meta]
        sizes = [_bytes(node) for node in selects if node.args.get("group") is not None]
        known = [size for size in sizes if size is not None]
        if not read or not known or len(known) < len(sizes):
            return USUAL
        bits = (self.users + 1).bit_length()
        # Each thread fills places of its own, which are laid together when it is done.
        needed = (sum(known) + self.threads * max(known)) << bits
        return bits if needed <= min(self.memory / SHARE, WORTH * sum(read)) else USUAL

    def _rows(self, reads: Reads) -> float:
        """About how many events are read, as if they were spread evenly over all time."""
        rows = sum(self.events.values()) if reads.keys is None else sum(self.events.get(key, 0) for key in reads.keys)
        if self.first is None or self.first >= self.as_of:
            return rows
        begin = max(self.first, reads.since or self.first)
        end = min(self.as_of, reads.until or self.as_of)
        return rows * max(0.0, (end - begin) / (self.as_of - self.first))


def _bytes(select: exp.Select) -> int | None:
    """What the places of one grouping take for each user; None where that is not known."""
    total = 1
    for node in _own_nodes(select):
        if isinstance(node, exp.AggFunc):
            if type(node) not in _STATES:
                return None
            total += _STATES[type(node)]
        elif isinstance(node, exp.Anonymous) and node.name in _OWN_STATES:
            total += _OWN_STATES[node.name] * (-(-int(node.expressions[2].name) // 64) if node.name == "E_DAYS" else 1)
        elif isinstance(node, exp.Anonymous) and node.name in _UNSIZED:
            return None
    return total


def _own_nodes(select: exp.Select) -> Iterator[exp.Expr]:
    """What a grouping computes of each group, without what it reads."""
    having = select.args.get("having")
    for part in [*select.expressions, *([having] if having is not None else [])]:
        yield from nodes(part, lambda node: isinstance(node, exp.Query))


def bytes_of(setting: str) -> int:
    """DuckDB's text of an amount of memory (`3.7 GiB`) in bytes."""
    match = re.fullmatch(r"([0-9.]+) (\w+)", setting)
    assert match is not None and match[2] in _UNITS, f"no amount of memory: {setting}"
    return int(float(match[1]) * (1 << _UNITS[match[2]]))
