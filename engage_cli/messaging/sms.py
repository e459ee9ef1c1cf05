"""How many parts a text message is sent in, and in which alphabet: what it costs.

The GSM 7-bit default alphabet and its extension table are those of 3GPP TS 23.038 (once GSM 03.38), sections 6.2.1 and 6.2.1.1; how
long messages are joined, and what that leaves of each part, is in 3GPP TS 23.040, section 9.2.3.24.1.
"""

from enum import StrEnum

from msgspec import Struct

_DEFAULT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Each is an escape and a character: it counts twice."""
_BOTH = _DEFAULT | _EXTENSION


class Encoding(StrEnum):
    """The alphabet that a text message is sent in."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_ALONE = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_JOINED = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}
"""Of each part of a joined message, six octets say which part of what it is."""


class Sms(Struct, frozen=True):
    """What a text is as a text message. `units` are septets or UTF-16 code units; `because` the characters that rule GSM-7 out."""

    encoding: Encoding
    units: int
    segments: int
    because: tuple[str, ...] = ()


def measure(text: str) -> Sms:
    """The alphabet, length and number of parts of a text; no part begins in the middle of a character."""
    others = set(text) - _BOTH
    if not others:
        doubled = sum(map(text.count, _EXTENSION))
        return _measured(Encoding.GSM_7, text, len(text) + doubled, _EXTENSION if doubled else frozenset())
    wide = frozenset(char for char in others if char > "\uffff")
    units = len(text) + sum(map(text.count, wide))
    return _measured(Encoding.UCS_2, text, units, wide, tuple(sorted(others)))


def _measured(encoding: Encoding, text: str, units: int, double: frozenset[str], because: tuple[str, ...] = ()) -> Sms:
    if units <= _ALONE[encoding]:
        return Sms(encoding, units, 1 if text else 0, because)
    room = _JOINED[encoding]
    return Sms(encoding, units, _parts(text, room, double) if double else -(-units // room), because)


def _parts(text: str, room: int, double: frozenset[str]) -> int:
    """The parts of so much room that the characters of a text fill, those of `double` taking two places that stay together."""
    parts, left = 1, room
    for char in text:
        size = 2 if char in double else 1
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts
