"""Tokens of unsubscribe links in SQL: the very ones that unsubscribe.py signs, for all messages of a statement at once.

DuckDB has SHA-256 and no HMAC; RFC 2104 makes one of two hashes over the key's pads. The pads are variables of the connection, which no
statement, log or file shows, and are gone when the block ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from engage_cli.engine.base import Engine
from engage_cli.messaging.unsubscribe import SIGNATURE, VERSION, signing_pads


def make_signing(engine: Engine) -> None:
    """Make the macros `unsubscribe_claims(list)`, of the JSON list of user, channel, group and message, and `unsubscribe_token(claims)`,
    the token of these claims: a column, since a macro computes its argument at each place anew. It is NULL outside `signing`."""
    for macro in (_CLAIMS, _TOKEN):
        engine.execute(macro)


@contextmanager
def signing(engine: Engine, key: bytes) -> Iterator[None]:
    """Inside the block tokens are signed with a key."""
    inner, outer = signing_pads(key)
    try:
        engine.execute("SET VARIABLE unsubscribe_inner = ?", [inner])
        engine.execute("SET VARIABLE unsubscribe_outer = ?", [outer])
        yield
    finally:
        engine.execute("RESET VARIABLE unsubscribe_inner")
        engine.execute("RESET VARIABLE unsubscribe_outer")


# Claims seldom have a sign of base64 that an address cannot hold. What stands here more than once DuckDB computes once. Without the
# padding, n bytes are 4n/3 signs, rounded up.
_CLAIMS = """
    CREATE OR REPLACE TEMP MACRO unsubscribe_claims(list) AS substring(
        CASE WHEN contains(to_base64(encode(list)), '+') OR contains(to_base64(encode(list)), '/')
            THEN replace(replace(to_base64(encode(list)), '+', '-'), '/', '_')
            ELSE to_base64(encode(list))
        END, 1, (strlen(list) * 4 + 2) // 3
    )
"""
_TOKEN = f"""
    CREATE OR REPLACE TEMP MACRO unsubscribe_token(claims) AS '{VERSION}.' || claims || '.' || substring(
        sha256(getvariable('unsubscribe_outer') || unhex(sha256(getvariable('unsubscribe_inner') || encode(claims)))), 1, {SIGNATURE}
    )
"""
