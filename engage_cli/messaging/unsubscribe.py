"""The tokens of unsubscribe links: who, from what, signed, so that nobody can unsubscribe anybody but themselves.

A token is `2.<payload>.<signature>`: the payload is a JSON list (user, channel, group, message) in base64url without padding, the signature
HMAC-SHA256 (RFC 2104) over the version and the payload, its first 128 bits as hex digits: half of it, no fewer than RFC 2104 allows, is
as safe and keeps links short. It says the same for ever: a link in an old message still works, also where its version is 1, of which the
signature was all 256 bits in base64url.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from engage_cli.errors import EngageError

KEY_VARIABLE = "ENGAGE_UNSUBSCRIBE_KEY"
OLD_KEY_VARIABLE = "ENGAGE_UNSUBSCRIBE_KEY_OLD"
"""Still accepted when tokens are verified, never signed with: for changing the key."""

VERSION = "2"
_FIRST_VERSION = "1"
SIGNATURE = 32
"""Hex digits of a signature."""
_SHORTEST_KEY = 16
_LONGEST_TOKEN = 4096
_BLOCK = 64
"""Bytes of a block of SHA-256 (FIPS 180-4)."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class TokenError(EngageError):
    """A token that is none of ours, or was changed."""


class Subscription(Struct, frozen=True):
    """What a token stands for: a user's subscription to a channel (`group` None: all of it), and the message that offered to end it."""

    user: str
    channel: str
    group: str | None = None
    message: str | None = None


def keys_of(environment: Mapping[str, str]) -> tuple[bytes, ...]:
    """The key to sign with, then those to verify with too. Raises EngageError where there is none, or it is too short to be safe."""
    found = [(name, environment[name]) for name in (KEY_VARIABLE, OLD_KEY_VARIABLE) if environment.get(name)]
    hint = f"set {KEY_VARIABLE} to a long random text, such as what `openssl rand -hex 32` prints, and keep it: old links need it"
    if not found or found[0][0] != KEY_VARIABLE:
        raise EngageError(f"the environment variable {KEY_VARIABLE} is not set: it signs unsubscribe links", hint=hint)
    for name, value in found:
        if len(value) < _SHORTEST_KEY:
            raise EngageError(f"the key in {name} has fewer than {_SHORTEST_KEY} characters", hint=hint)
    return tuple(value.encode("utf-8", "surrogateescape") for _, value in found)


def sign(subscription: Subscription, key: bytes) -> str:
    """The token of a subscription: the same for the same one, safe in an address."""
    fields = [subscription.user, subscription.channel, subscription.group, subscription.message]
    payload = _encoded(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())
    return f"{VERSION}.{payload}.{_signature(VERSION, payload, key)}"


def signing_pads(key: bytes) -> tuple[bytes, bytes]:
    """What RFC 2104 hashes before a token's payload, and before that hash: HMAC for those who have the hash alone (policy/signing.py)."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return inner + _signed(VERSION, ""), outer


class Signer:
    """Signs many tokens with one key: what is the same of all, the key's pads, is hashed once."""

    def __init__(self, key: bytes) -> None:
        inner, outer = signing_pads(key)
        self._inner, self._outer = hashlib.sha256(inner), hashlib.sha256(outer)

    def token(self, claims: str) -> str:
        """The token of what it says, the JSON list of user, channel, group and message: as `sign` makes it."""
        payload = binascii.b2a_base64(claims.encode(), newline=False).translate(_URL_SAFE, b"=")
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        return f"{VERSION}.{payload.decode()}.{outer.hexdigest()[:SIGNATURE]}"


def verify(token: str, keys: Sequence[bytes]) -> Subscription:
    """What a token stands for. Raises TokenError for one that none of the keys signed."""
    version, _, rest = token.strip().partition(".")
    payload, _, given = rest.rpartition(".")
    if len(token) > _LONGEST_TOKEN or not token.isascii() or version not in (VERSION, _FIRST_VERSION) or not payload:
        raise TokenError("this is no token of an unsubscribe link", hint="give the part of the address that stands for `{token}`, whole")
    if not any(hmac.compare_digest(given.encode(), _signature(version, payload, key).encode()) for key in keys):
        message = "the token's signature is not right: it was changed, cut short, or signed with another key"
        raise TokenError(message, hint=f"after a change of keys, {OLD_KEY_VARIABLE} holds the one before")
    fields = json.loads(_decoded(payload) or b"null")
    return Subscription(*fields)


def _signature(version: str, payload: str, key: bytes) -> str:
    made = hmac.digest(key, _signed(version, payload), hashlib.sha256)
    return _encoded(made) if version == _FIRST_VERSION else made.hex()[:SIGNATURE]


def _signed(version: str, payload: str) -> bytes:
    """What is signed of a token."""
    return f"engage-unsubscribe:{version}.{payload}".encode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes | None:
    """The bytes of canonical base64url, None for what is not: one token has one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _encoded(data) == text else None
