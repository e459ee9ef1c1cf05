"""Connected components of a graph in SQL, by contraction.

In each round every vertex goes over to the one among itself and its neighbours that has the smallest hash of the round, which makes the
graph smaller by a constant share whatever its shape (Bögeholz, Brand, Todor: In-database connected component analysis, 2020): a path of
100,000 takes some twenty rounds, each a fraction of the one before.
"""

from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.template import Sql, literal, sql

LOW = 4_294_967_295
"""The lower half of a packed vertex, which is its key; the upper half is its hash."""


def components(work: Work, links: Sql) -> Sql:
    """A table (key INTEGER, component INTEGER) of every vertex with a link; two have the same component where a way leads from one to
    the other. `links` is a table (a INTEGER, b INTEGER, …) of keys from 0 on, a and b different."""
    edges = links
    rounds: list[Sql] = []
    while work.any(sql("SELECT 1 FROM {edges}", edges=edges)):
        rounds.append(_chosen(work, edges, len(rounds)))
        edges = _contracted(work, edges, rounds[-1])
    found = work.table("component", Sql("SELECT CAST(0 AS INTEGER) AS key, CAST(0 AS INTEGER) AS component WHERE FALSE"))
    for chosen in reversed(rounds):
        found = work.table(
            "component",
            sql(
                "SELECT c.key, coalesce(f.component, c.chosen) AS component FROM {chosen} AS c LEFT JOIN {found} AS f ON f.key = c.chosen",
                chosen=chosen,
                found=found,
            ),
        )
    return found


def _chosen(work: Work, edges: Sql, number: int) -> Sql:
    """A table (key, chosen): where each vertex goes in a round."""
    # Which vertex stands for a component is of no consequence, so that DuckDB's own hash will do. Packed, the smallest is a plain min().
    packed = "((hash({vertex}, {number}) >> 32) << 32) | CAST({vertex} AS UBIGINT)"
    neighbour = sql(packed, vertex=Sql("neighbour"), number=literal(number))
    own = sql(packed, vertex=Sql("key"), number=literal(number))
    return work.table(
        "chosen",
        sql(
            "SELECT key, CAST(least({own}, smallest) & {low} AS INTEGER) AS chosen FROM (SELECT key, min({neighbour}) AS smallest FROM ("
            "SELECT a AS key, b AS neighbour FROM {edges} UNION ALL SELECT b, a FROM {edges}) GROUP BY key)",
            own=own,
            neighbour=neighbour,
            low=literal(LOW),
            edges=edges,
        ),
    )


def _contracted(work: Work, edges: Sql, chosen: Sql) -> Sql:
    """The links that are left between what the vertices went over to."""
    return work.table(
        "edges",
        sql(
            "SELECT DISTINCT least(x.chosen, y.chosen) AS a, greatest(x.chosen, y.chosen) AS b FROM {edges} AS e "
            "JOIN {chosen} AS x ON x.key = e.a JOIN {chosen} AS y ON y.key = e.b WHERE x.chosen <> y.chosen",
            edges=edges,
            chosen=chosen,
        ),
    )
