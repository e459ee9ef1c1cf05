"""An email as the bytes that a mail server takes: RFC 5322 headers, the text and the HTML of it as alternatives (RFC 2046)."""

from collections.abc import Mapping
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr

from engage_cli.messaging.headers import header_value, message_id
from engage_cli.messaging.message import Message
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.providers.request import sender_of

_POLICY = compat32.clone(linesep="\r\n", max_line_length=None, mangle_from_=False)


def email_of(message: Message, headers: Mapping[str, str], now: datetime) -> bytes:
    """The email of a message, with `headers` beside its own; `now` is its Date.

    Raises ProviderError for one without a sender, RenderError for one whose values no header can hold.
    """
    sender = sender_of(message)
    if not message.is_rendered:
        raise RenderError("no-text", "it has no text: a mail server renders nothing, so leave `render: variables` out")
    mail = _content(message)
    own = {
        "From": _mailbox(sender),
        "To": _mailbox(message.to),
        **({"Reply-To": _mailbox(message.reply_to)} if message.reply_to else {}),
        "Subject": header_value("Subject", message.subject or ""),
        "Date": format_datetime(now),
        "Message-ID": message_id(message.message_id, sender),
        **headers,
    }
    for name, value in own.items():
        mail.add_header(name, value if value.isascii() else Header(value, "utf-8", header_name=name).encode())
    return mail.as_bytes(policy=_POLICY)


def _content(message: Message) -> MIMEText | MIMEMultipart:
    parts = [_part(text, kind) for text, kind in ((message.text, "plain"), (message.html, "html")) if text is not None]
    if len(parts) == 1:
        return parts[0]
    # no quoted-printable text has `=_` in it, so no part can hold the boundary
    both = MIMEMultipart("alternative", boundary=f"=_{message.message_id}")
    for part in parts:
        both.attach(part)
    return both


def _part(text: str, kind: str) -> MIMEText:
    charset = Charset("utf-8")
    charset.body_encoding = QP
    return MIMEText(text.replace("\r\n", "\n"), kind, charset)  # type: ignore[arg-type]  # a Charset is taken since 3.5


def _mailbox(text: str) -> str:
    """A mailbox whose name and domain a header can hold."""
    name, address = parseaddr(header_value("To", text))
    local, _, domain = address.rpartition("@")
    return formataddr((name, f"{local}@{ascii_domain(domain)}"))


def ascii_domain(domain: str) -> str:
    """A domain in ASCII (RFC 5890); as it is where it is that already."""
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")
