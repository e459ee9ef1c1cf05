"""Joining in order where a limit binds: an observation that would take a profile over one is not merged, and so the newest are not.

What is merged then depends on all that was merged before, which no set of rows says: these components alone are gone through link by link.
Most people are in none of them. A link takes some microseconds, an identifier some forty bytes.
"""

from array import array
from collections.abc import Iterator, Sequence

from msgspec import Struct

from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.template import Sql, identifier, sql

PIECE = 100_000
"""Rows that are fetched or given at once."""


class Joining(Struct):
    """Profiles in the making: `parent` leads to the identifier that stands for the profile, `counts` has for each kind of identifier how
    many values the profile of that identifier has."""

    limits: Sequence[int]
    parent: "array[int]"
    counts: "tuple[array[int], ...]"

    @classmethod
    def of(cls, limits: Sequence[int], kinds: Sequence[int]) -> "Joining":
        """Every identifier a profile of its own; `kinds` says of each which place its name has among the limits."""
        counts = tuple(array("i", (1 if kind == place else 0 for kind in kinds)) for place in range(len(limits)))
        return cls(limits, array("q", range(len(kinds))), counts)

    def root(self, one: int) -> int:
        """The identifier that stands for the profile of another."""
        parent = self.parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def join(self, one: int, other: int) -> int | None:
        """Make one profile of two; None, or the place of the limit that forbids it."""
        first, second = self.root(one), self.root(other)
        if first == second:
            return None
        for place, (limit, counts) in enumerate(zip(self.limits, self.counts, strict=True)):
            if counts[first] + counts[second] > limit:
                return place
        if self._size(first) < self._size(second):
            first, second = second, first
        self.parent[second] = first
        for counts in self.counts:
            counts[first] += counts[second]
        return None

    def _size(self, root: int) -> int:
        return sum(counts[root] for counts in self.counts)


def join_within_limits(work: Work, members: Sql, links: Sql, limits: Sequence[int]) -> tuple[Sql, Sql]:
    """Tables (number, root) of the profile of each member, and (link BIGINT, place INTEGER) of the links that a limit forbids.

    `members` is a table (number, kind) with numbers from 0 on without gaps, `links` a table (link, one, other) of such numbers, to be
    applied in the order of `link`.
    """
    connection = work.connection
    kinds = array("b", (kind for (kind,) in _pieces(connection, sql("SELECT kind FROM {members} ORDER BY number", members=members))))
    joining = Joining.of(limits, kinds)
    refused: list[tuple[int, int]] = []
    for link, one, other in _pieces(connection, sql("SELECT link, one, other FROM {links} ORDER BY link", links=links)):
        place = joining.join(one, other)
        if place is not None:
            refused.append((link, place))
    roots = [(number, joining.root(number)) for number in range(len(kinds))]
    return _given(work, "root", ("number", "root"), roots), _given(work, "refused", ("link", "place"), refused)


def _pieces(connection: Connection, query: Sql) -> Iterator[tuple[int, ...]]:
    """The rows of a query, fetched a piece at a time. No other statement may run meanwhile."""
    result = connection.run(query.text)
    while rows := result.fetchmany(PIECE):
        yield from rows


def _given(work: Work, label: str, names: tuple[str, str], rows: Sequence[tuple[int, int]]) -> Sql:
    """A table of pairs of whole numbers. They are given as text: a list as a parameter takes fifty times as long."""
    first, second = (sql("unnest(CAST(string_split(nullif(?, ''), ' ') AS BIGINT[])) AS {name}", name=identifier(name)) for name in names)
    return work.table(
        label,
        sql("SELECT {first}, {second}", first=first, second=second),
        parameters=[" ".join(str(row[place]) for row in rows) for place in (0, 1)],
    )
