"""Headers of an email: what a value may be, and the ones that every message has."""

import re
from functools import lru_cache

from engage_cli.messaging.addresses import emails
from engage_cli.messaging.problems import RenderError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAILBOX = re.compile(r"""(?:"[^"\\<>@]*"|[^"\\<>@,;:()\[\]]+) <(?P<inner>[^<>"\s]+)>|(?P<bare>[^<>"\s]+)""")
_LONGEST = 998
"""Octets of a line, by RFC 5322, section 2.1.1."""
ONE_CLICK = "List-Unsubscribe=One-Click"


def header_value(name: str, value: str) -> str:
    """A value that may stand in a header. Raises RenderError for one that could end the header and begin another."""
    if value.isascii() and value.isprintable() and len(value) <= _LONGEST:
        return value
    found = _CONTROL.search(value)
    if found is not None:
        what = "a line break" if found.group() in "\r\n\x85\u2028\u2029" else f"the character U+{ord(found.group()):04X}"
        raise RenderError("header", f"`{name}` would hold {what}, which no header can")
    if len(value.encode()) > _LONGEST:
        raise RenderError("header", f"`{name}` would be longer than the {_LONGEST} octets of a header's line")
    return value


@lru_cache(maxsize=1024)
def mailbox(name: str, value: str) -> str:
    """A value that is one mailbox, as it is: `hello@acme.example`, or `Acme <hello@acme.example>`. Raises RenderError for anything else.

    What a name could smuggle in (another address, a comment) is refused rather than quoted.
    """
    found = _MAILBOX.fullmatch(header_value(name, value))
    address = found and (found["inner"] or found["bare"])
    if not address or not emails([address])[address].valid:
        raise RenderError("address", f"`{name}` is to be one email address, such as `Acme <hello@acme.example>`")
    return value


def address_of(mailbox: str) -> str:
    """The address in a mailbox."""
    return mailbox.rpartition("<")[2].rstrip(">")


def list_unsubscribe(url: str, mailto: str | None = None) -> dict[str, str]:
    """The headers by which a mail program offers to unsubscribe: RFC 2369, and with an https address one click by RFC 8058, section 3.1.

    For one click to work, the message's DKIM signature must cover both, which is the sender's to see to.
    """
    uris = [f"<{header_value('List-Unsubscribe', uri)}>" for uri in (url, f"mailto:{mailto}" if mailto else None) if uri]
    headers = {"List-Unsubscribe": ", ".join(uris)}
    if url.startswith("https://"):
        headers["List-Unsubscribe-Post"] = ONE_CLICK
    return headers


def message_id(message: str, sender: str) -> str:
    """The Message-ID of a message: its id at the sender's domain (RFC 5322, section 3.6.4)."""
    return header_value("Message-ID", f"<{message}@{address_of(sender).rpartition('@')[2].lower()}>")
