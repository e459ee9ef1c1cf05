"""People who were forgotten: hashes of what they were known by, which is all that is kept of them."""

import hashlib
import re
from collections.abc import Mapping

from msgspec import Struct, field

STATE_ID = ":id"
"""The kind of an id that the state has stays of a person under. No identifier has such a name."""
ADDRESS = ":address"
"""The kind of an address, in the form that `sources.suppressions` are compared in."""


def hash_of(value: str) -> str:
    """The sha256 of a value, in hex."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


_PHONE = re.compile(r"\+?[0-9 ()./-]+", re.ASCII)


def address_form(value: str) -> str:
    """The one form in which addresses are compared: without white space around; an email in small letters, a phone without what only
    parts its digits. Two writings of a number with and without its country are two."""
    text = value.strip(" \t\n\f\r")
    if "@" in text:
        return text.lower()
    return re.sub(r"[^0-9+]", "", text) if _PHONE.fullmatch(text) else text


class Forgotten(Struct, frozen=True):
    """The hashes by kind: the name of an identifier (`user_id` where nothing joins users), STATE_ID, ADDRESS."""

    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[str, ...]:
        """The hashes of a kind, in order."""
        return tuple(sorted(self.hashes.get(kind, ())))

    def has(self, kind: str, value: str) -> bool:
        """Whether this value of somebody was forgotten."""
        return hash_of(value) in self.hashes.get(kind, ())

    @property
    def digest(self) -> str:
        """The hash of all of them; empty text where nobody was forgotten."""
        lines = sorted(f"{kind} {one}" for kind, found in self.hashes.items() for one in found)
        return hash_of("\n".join(lines)) if lines else ""


NOBODY = Forgotten()
