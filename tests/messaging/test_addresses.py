"""Which addresses can be sent to: the quick look agrees with the libraries on every one."""

import re

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.messaging.addresses import emails, phones


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("ana@shop.example", "ana@shop.example"),
        ("Ana.B+x@SHOP.Example", "Ana.B+x@shop.example"),
        ("jörg@example.com", "jörg@example.com"),
        ("ana@bücher.example", "ana@bücher.example"),
        ("ana", None),
        ("", None),
        ("ana@shop", None),
        ("ana@localhost", None),
        ("ana@shop.test", None),
        ("ana..b@shop.example", None),
        ("ana b@shop.example", None),
        ("ana@shop.example, ben@shop.example", None),
        ("ana@shop.example\nBcc: eve@evil.example", None),
        ("a" * 65 + "@shop.example", None),
        ("ana@" + "a" * 64 + ".example", None),
        ("ana@-shop.example", None),
    ],
)
def test_emails(value: str, normal: str | None) -> None:
    found = emails([value])[value]
    assert found.normal == normal
    assert found.valid == (normal is not None)
    assert found.problem is None if normal else re.match("is no email address: [^A-Z]", found.problem or "")


_PIECES = st.lists(st.sampled_from(["a", "Z9", ".", "-", "--", "_", "+", "@", "xn--", "b" * 30, "com", "test", "é", " "]), max_size=9)


@given(_PIECES.map("".join), _PIECES.map("".join), st.sampled_from(["com", "co.uk", "test", "x", "example", ""]))
def test_the_quick_look_agrees_with_the_library(local: str, domain: str, top: str) -> None:
    value = f"{local}@{domain}.{top}"
    try:
        expected = validate_email(value, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        expected = None
    assert emails([value])[value].normal == expected


@pytest.mark.parametrize(
    ("value", "country", "normal"),
    [
        ("+44 20 7946 0000", None, "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("020 7946 0000", None, None),
        ("(020) 7946-0000", "GB", "+442079460000"),
        ("+1 202 555 0123", "GB", "+12025550123"),
        ("+44 20 7946 000", None, None),
        ("+999 123 4567", None, None),
        ("call me", "GB", None),
        ("+442079460000;ext=5", None, None),
        ("1-800-FLOWERS", "US", None),
        ("", None, None),
    ],
)
def test_phones(value: str, country: str | None, normal: str | None) -> None:
    found = phones([(value, country)])[value, country]
    assert found.normal == normal
    assert (found.problem is None) == (normal is not None)


def test_a_number_without_its_country_says_so() -> None:
    assert phones([("020 7946 0000", None)])["020 7946 0000", None].problem == "is no phone number: it has no country code, such as +44"


def test_each_value_is_looked_at_once() -> None:
    assert list(emails(["b@x.example", "a@x.example", "b@x.example"])) == ["b@x.example", "a@x.example"]
