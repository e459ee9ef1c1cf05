"""Tokens of unsubscribe links in SQL: the very ones that unsubscribe.py signs, for all messages of a statement at once.

DuckDB has SHA-256 and no HMAC; RFC 2104 makes one of two hashes over the key's pads. The pads are variables of the connection, which no
statement, log or file shows, and are gone when the block ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from engage_cli.engine.base import Engine
from engage_cli.messaging.unsubscribe import signing_pads


def make_signing(engine: Engine) -> None:
    """Make the macro `unsubscribe_token(claims)`: the token of the JSON list of user, channel, group, message; NULL outside `signing`."""
    for macro in (_BASE64URL, _TOKEN):
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


_BASE64URL = """
    CREATE OR REPLACE TEMP MACRO base64url(raw) AS rtrim(replace(replace(to_base64(raw), '+', '-'), '/', '_'), '=')
"""
# A macro's argument stands in it once: what it is pasted in for would be computed anew at each place.
_TOKEN = """
    CREATE OR REPLACE TEMP MACRO unsubscribe_token(claims) AS list_transform([base64url(encode(claims))], lambda p: '1.' || p || '.'
        || base64url(unhex(sha256(getvariable('unsubscribe_outer') || unhex(sha256(getvariable('unsubscribe_inner') || encode(p)))))))[1]
"""
