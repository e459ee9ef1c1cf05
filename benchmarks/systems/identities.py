"""Joining observations of identifiers to profiles, by engage itself: people with a user id, addresses and devices, some of them shared."""

import tempfile
from pathlib import Path

from benchmarks.answers import Answer
from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock
from engage_cli.definitions.identity import Identifier, Identity
from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.connection import Connection
from engage_cli.engine.identity.resolve import resolve
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.template import literal, sql
from engage_cli.source import Span

_PLACE = Span("engage.yaml", 1, 1, 1, 1)
IDENTITY = Identity(
    (Identifier("user_id", 1, _PLACE), Identifier("email", 5, _PLACE), Identifier("anonymous_id", 100, _PLACE)),
    {"email": ("address-7-0@example.com",)},
)
_MADE = """
    SELECT make_timestamp(1700000000000000 + CAST(hash(i, 1) % 63072000 AS BIGINT) * 1000000) AS ts,
        CASE WHEN hash(i, 2) % 100 < 50 THEN 'user-' || u END AS id_0,
        CASE WHEN hash(i, 3) % 100 < 20
            THEN 'address-' || (CASE WHEN hash(u, 4) % 100 < 3 THEN u // 2 ELSE u END) || '-' || (hash(i, 7) % 2) || '@example.com'
            END AS id_1,
        'device-' || (CASE WHEN hash(u, 5) % 100 < 5 THEN u // 3 ELSE u END) || '-' || (hash(i, 6) % 3) AS id_2
    FROM (SELECT i, CAST(hash(i, 9) % {users} AS BIGINT) AS u FROM range({rows}) AS made(i))
"""
"""An observation of a user at random: one of three devices always, the id every other time, an address every fifth time. One user in
twenty has another's devices, one in thirty another's addresses."""


def resolve_identities(users: int, rows: int) -> Clock:
    """Join `rows` observations of `users`. The answer is how many identifiers, profiles, and links over a limit there are."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        connection = Connection(Path(folder), EngineSettings("4GB", THREADS, "tmp"))
        work = Work(connection)
        made = work.table("observations", sql(_MADE, users=literal(users), rows=literal(rows)))
        with clock.question("resolve"):
            found = resolve(work, IDENTITY, [sql("SELECT * FROM {made}", made=made)])
        counts = "SELECT count(*), count(DISTINCT profile), (SELECT count(*) FROM {refused}) FROM {found}"
        [row] = connection.rows(sql(counts, refused=found.refused, found=found.identifiers).text)
        clock.answers["resolve"] = Answer(*(int(number) for number in row))
        connection.close()
    return clock
