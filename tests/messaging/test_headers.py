"""No value of anybody's gets out of the header that it stands in."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.messaging.headers import address_of, header_value, list_unsubscribe, mailbox, message_id
from engage_cli.messaging.problems import RenderError


@pytest.mark.parametrize("value", ["Hi\nBcc: eve@evil.example", "Hi\r\n\r\nbody", "a\x00b", "a\x0bb", "a\x85b", "a\u2028b", "x" * 999])
def test_what_no_header_can_hold_is_refused(value: str) -> None:
    with pytest.raises(RenderError) as caught:
        header_value("subject", value)
    assert caught.value.code == "header"


@given(st.text(max_size=60))
def test_a_header_is_one_line_or_refused(value: str) -> None:
    try:
        message = EmailMessage(policy=SMTP)
        message["Subject"] = header_value("subject", value)
    except RenderError:
        return
    unfolded = message.as_bytes().replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    assert unfolded.count(b"\r\n") == 2
    assert unfolded.startswith(b"Subject:")


@pytest.mark.parametrize(
    "value", ["a@shop.example", "Acme <a@shop.example>", '"Acme, Inc." <a@shop.example>', "Ana O'Hara via Acme <a@shop.example>"]
)  # fmt: skip
def test_one_mailbox(value: str) -> None:
    assert mailbox("from", value) == value
    assert address_of(value) == "a@shop.example"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Acme",
        "a@shop.example, b@shop.example",
        "Eve <eve@evil.example> <a@shop.example>",
        "eve@evil.example <a@shop.example>",
        'Eve" <a@shop.example>',
        "Acme <a@shop.example> (x)",
        "Acme <a@shop>",
        "Acme <a@shop.example>\nBcc: b@shop.example",
        "Team: a@shop.example;",
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(RenderError):
        mailbox("from", value)


def test_one_click_by_rfc_8058() -> None:
    assert list_unsubscribe("https://acme.example/u/t") == {
        "List-Unsubscribe": "<https://acme.example/u/t>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert list_unsubscribe("https://acme.example/u/t", "leave@acme.example")["List-Unsubscribe"] == (
        "<https://acme.example/u/t>, <mailto:leave@acme.example>"
    )
    assert list_unsubscribe("http://acme.example/u/t") == {"List-Unsubscribe": "<http://acme.example/u/t>"}
    with pytest.raises(RenderError):
        list_unsubscribe("https://acme.example/\nBcc: x")


def test_message_ids_are_at_the_sender_s_domain() -> None:
    assert message_id("abc", "Acme <hello@Mail.Acme.example>") == "<abc@mail.acme.example>"
