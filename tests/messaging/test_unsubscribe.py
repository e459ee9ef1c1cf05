"""Tokens say who unsubscribes from what, and nobody can make or change one without the key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.errors import EngageError
from engage_cli.messaging.unsubscribe import KEY_VARIABLE, OLD_KEY_VARIABLE, Signer, Subscription, TokenError, keys_of, sign, verify

KEY, OTHER = b"0123456789abcdef0123456789abcdef", b"another key that is long enough"
FIRST = "1.WyIwMDgxNSIsImVtYWlsIiwicHJvbW90aW9ucyIsImFiYzEyMyJd.Khn7qJur1Dok3dCIEI4ImVE2W6-GCXxJ5cQjRQU71CM"
"""A token of the first version."""
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.builds(Subscription, _TEXT, st.sampled_from(["email", "sms"]), st.none() | _TEXT, st.none() | _TEXT))
def test_what_is_signed_is_what_is_verified(subscription: Subscription) -> None:
    token = sign(subscription, KEY)
    assert verify(token, [KEY]) == subscription
    assert verify(token, [OTHER, KEY]) == subscription
    assert token == sign(subscription, KEY)
    claims = [subscription.user, subscription.channel, subscription.group, subscription.message]
    assert token == Signer(KEY).token(json.dumps(claims, ensure_ascii=False, separators=(",", ":")))
    assert all(char.isascii() and (char.isalnum() or char in "-_.") for char in token)


def test_a_token_stays_what_it_is() -> None:
    """Links in messages that were sent must go on to work, whatever is changed here."""
    subscription = Subscription("00815", "email", "promotions", "abc123")
    assert sign(subscription, KEY) == "2.WyIwMDgxNSIsImVtYWlsIiwicHJvbW90aW9ucyIsImFiYzEyMyJd.da325d95db11b3d9a990160ea234c2bb"
    assert verify(FIRST, [OTHER, KEY]) == subscription


@pytest.mark.parametrize("token", [FIRST, sign(Subscription("00815", "email", "promotions", "abc123"), KEY)])
def test_the_signature_of_one_version_is_none_of_the_other(token: str) -> None:
    version, payload, signature = token.split(".")
    for changed in (f"{3 - int(version)}.{payload}.{signature}", token[:-1], f"{token}0", f"{version}.{payload}.{signature.swapcase()}"):
        with pytest.raises(TokenError):
            verify(changed, [KEY])


@given(st.data())
def test_no_other_text_is_a_token(data: st.DataObject) -> None:
    token = data.draw(st.sampled_from([sign(Subscription("00815", "email"), KEY), FIRST]))
    at = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.sampled_from(["", "A", "b", "-", ".", "=", "é", " "]))
    changed = token[:at] + put + token[at + 1 :]
    if changed != token and changed.strip() != token:
        with pytest.raises(TokenError):
            verify(changed, [KEY])


@pytest.mark.parametrize(
    "token",
    [
        "",
        "2",
        "2.",
        "2..",
        "2.WyJh.x",
        "3.WyJh.x",
        "2.WyJh.\udc80",
        "2.W\udc80.x",
        "1.Wyé.AAAA",
        "a.b.c",
        "." * 10,
        "2." + "A" * 5000,
        "1.e30.AAAA",
    ],
)
def test_nonsense_is_no_token(token: str) -> None:
    with pytest.raises(TokenError):
        verify(token, [KEY])


def test_another_key_does_not_do() -> None:
    with pytest.raises(TokenError, match="the token's signature is not right"):
        verify(sign(Subscription("a", "email"), KEY), [OTHER])


def test_the_key_comes_from_the_environment() -> None:
    long, old = "k" * 16, "o" * 20
    assert keys_of({KEY_VARIABLE: long}) == (long.encode(),)
    assert keys_of({KEY_VARIABLE: long, OLD_KEY_VARIABLE: old}) == (long.encode(), old.encode())
    for environment in ({}, {OLD_KEY_VARIABLE: old}, {KEY_VARIABLE: ""}):
        with pytest.raises(EngageError, match="ENGAGE_UNSUBSCRIBE_KEY is not set"):
            keys_of(environment)
    with pytest.raises(EngageError, match="fewer than 16 characters") as caught:
        keys_of({KEY_VARIABLE: "secret"})
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"
