"""Whether addresses can be sent to, and how they are written: asked of many values at once, each looked at once.

An email address is judged by its syntax (email-validator; no look-up of its domain), a phone number by the numbering plan of its
country (phonenumbers). Nothing is asked of the network.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from msgspec import Struct

PLAIN = r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@((?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+([a-z]{2,24}))"
"""A pattern, in whatever case: what nearly all addresses look like: what is before the @, the domain, its last part. All that it matches
is valid if short enough;
whatever it does not is asked in full."""
_PLAIN = re.compile(PLAIN, re.ASCII | re.IGNORECASE)
_LONGEST_LOCAL, _LONGEST_LABEL, _LONGEST = 64, 63, 254
"""Octets, by RFC 5321, section 4.5.3.1, and RFC 1035, section 2.3.4."""
_NUMBER = re.compile(r"[+(]?[0-9][0-9 ()./-]{3,40}|\+[ (]?[0-9][0-9 ()./-]{3,40}", re.ASCII)


class Address(Struct, frozen=True):
    """What a value is as an address: `normal` the way to write it, or else why it is none, in words that follow "the address"."""

    value: str
    normal: str | None
    problem: str | None = None

    @property
    def valid(self) -> bool:
        """Whether something can be sent to it."""
        return self.normal is not None


def emails(values: Iterable[str]) -> dict[str, Address]:
    """Each value as an email address; the domain in lower case, the part before the @ as it was."""
    return {value: _email(value) for value in dict.fromkeys(values)}


def tokens(values: Iterable[str]) -> dict[str, Address]:
    """Each value as the token of a device: text as it is, without white space inside."""
    return {value: _token(value) for value in dict.fromkeys(values)}


def phones(values: Iterable[tuple[str, str | None]]) -> dict[tuple[str, str | None], Address]:
    """Each (value, country) as a phone number in E.164; the country, such as `GB`, is for numbers written without their `+`."""
    return {(value, region): _phone(value, region) for value, region in dict.fromkeys(values)}


def addresses_of(channel: str, values: Iterable[str]) -> list[Address]:
    """Each value, once, as an address of a channel; numbers of phones are judged as they are written, with their country."""
    match channel:
        case "email":
            return list(emails(values).values())
        case "sms" | "whatsapp":
            return list(phones((value, None) for value in values).values())
        case _:
            return list(tokens(values).values())


def _email(value: str) -> Address:
    plain = _PLAIN.fullmatch(value)
    if plain is not None:
        local, domain, top = plain.groups()
        is_short = len(local) <= _LONGEST_LOCAL and len(domain) <= _LONGEST_LABEL and len(value) <= _LONGEST
        if is_short and top.lower() not in special_tops():
            return Address(value, f"{local}@{domain.lower()}")
    return _email_in_full(value)


@cache
def special_tops() -> frozenset[str]:
    """The last parts of domains under which there is no email, in small letters."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES

    return frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


def _email_in_full(value: str) -> Address:
    from email_validator import EmailNotValidError, validate_email

    try:
        return Address(value, validate_email(value, check_deliverability=False, strict=True).normalized)
    except EmailNotValidError as error:
        return Address(value, None, f"is no email address: {_sentence(str(error))}")


def _token(value: str) -> Address:
    text = value.strip()
    if not text or any(character.isspace() or not character.isprintable() for character in text):
        return Address(value, None, "is no token of a device")
    return Address(value, text)


def _phone(value: str, region: str | None) -> Address:
    library = _phonenumbers()
    if not _NUMBER.fullmatch(value.strip()):
        return Address(value, None, "is no phone number")
    try:
        number = library.parse(value, region)
    except library.NumberParseException as error:
        needs_country = error.error_type == library.NumberParseException.INVALID_COUNTRY_CODE and region is None
        return Address(value, None, "is no phone number" + (": it has no country code, such as +44" if needs_country else ""))
    if not library.is_valid_number(number):
        return Address(value, None, "is no phone number that its country gives out")
    return Address(value, library.format_number(number, library.PhoneNumberFormat.E164))


@cache
def _phonenumbers() -> Any:
    import phonenumbers

    return phonenumbers


def _sentence(text: str) -> str:
    """The library's words in the manner of ours: no capital, no full stop."""
    text = " ".join(text.split()).rstrip(".")
    return text[:1].lower() + text[1:]
