"""Countries by their ISO 3166-1 alpha-2 codes, which ad networks match by: read from a code or from the country's English name."""

import re
from functools import cache

_ALSO = {
    **dict.fromkeys(("uk", "gbr", "great britain", "britain", "england", "scotland", "wales", "northern ireland"), "GB"),
    **dict.fromkeys(("usa", "us of a", "united states of america", "america"), "US"),
    **dict.fromkeys(("czechia",), "CZ"),
    **dict.fromkeys(("turkiye",), "TR"),
    **dict.fromkeys(("eswatini",), "SZ"),
    **dict.fromkeys(("north macedonia",), "MK"),
    **dict.fromkeys(("cabo verde",), "CV"),
    **dict.fromkeys(("ivory coast",), "CI"),
    **dict.fromkeys(("holland", "the netherlands"), "NL"),
    **dict.fromkeys(("republic of korea", "korea"), "KR"),
    **dict.fromkeys(("russian federation",), "RU"),
    **dict.fromkeys(("democratic republic of the congo",), "CD"),
}
"""What countries are called, too, beside the names that libphonenumber has for them."""


def country_code(text: str, _beside: str | None = None) -> str | None:
    """The two letters, in capitals, of a country that a text names; None for what names none."""
    plain = _plain(text)
    if plain in _ALSO:
        return _ALSO[plain]
    if re.fullmatch("[a-z]{2}", plain):
        return plain.upper()
    return _names().get(plain)


def _plain(text: str) -> str:
    """A name without capitals, accents of the common kind, dots and doubled spaces."""
    return " ".join(text.lower().replace("ü", "u").replace(".", "").split())


@cache
def _names() -> dict[str, str]:
    from phonenumbers.geodata.locale import LOCALE_DATA  # a second's work, which few runs need

    found = {}
    for code, names in LOCALE_DATA.items():
        name = names.get("en", "")
        while name.startswith("*"):  # `*fr`: the same as in French
            name = names.get(name[1:], "")
        if name:
            found[_plain(name)] = code
    return found
