"""Hands emails to a mail server: RFC 5321, by smtplib.

A message can be taken only once its last line was sent, after the server agreed to hear it (354). Only then is it said to be about to be
sent: whatever goes wrong before that is no uncertainty.
"""

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from engage_cli.definitions.sending import Security
from engage_cli.delivery.answers import NOT_BEGUN, Answer, Begin, Outcome, Secrets
from engage_cli.messaging.emails import ascii_domain, email_of
from engage_cli.messaging.headers import address_of
from engage_cli.messaging.message import Message
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.providers.request import ProviderError, sender_of

HeadersOf = Callable[[Message], dict[str, str]]

_ON_ONE_CONNECTION = 100
"""So many messages; servers close longer ones."""


class SmtpCourier:
    """One connection to a mail server, opened when it is needed."""

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        login: tuple[str, str] | None,
        *,
        timeout: float,
        headers_of: HeadersOf,
        secrets: Secrets,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security, self._login, self._timeout = host, port, security, login, timeout
        self._headers_of, self._secrets, self._context = headers_of, secrets, context
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def close(self) -> None:
        """Take leave of the server."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()

    def send(self, message: Message, begin: Begin) -> Answer:
        """Hand an email over."""
        try:
            content = email_of(message, self._headers_of(message), datetime.now(UTC))
        except (ProviderError, RenderError, UnicodeError) as error:
            return Answer(Outcome.UNFIT, "message", f"the message {error}" if isinstance(error, ProviderError) else str(error))
        try:
            server = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            self._drop()
            return self._answered(Outcome.BARRED, error.smtp_code, error.smtp_error)
        except smtplib.SMTPResponseException as error:
            self._drop()
            return self._answered(Outcome.UNREACHED, error.smtp_code, error.smtp_error)
        except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
            self._drop()
            return self._failed(Outcome.BARRED, error)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return self._failed(Outcome.UNREACHED, error)
        return self._transaction(server, message, content, begin)

    # ---- the connection ----------------------------------------------------------------------------------------------

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None and self._sent >= _ON_ONE_CONNECTION:
            self.close()
        if self._server is None:
            self._server, self._sent = self._connect(), 0
        return self._server

    def _connect(self) -> smtplib.SMTP:
        server: smtplib.SMTP
        if self._security is Security.TLS:
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=self._tls())
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        self._server = server
        if self._security is Security.STARTTLS:
            server.starttls(context=self._tls())
        if self._login is not None:
            server.login(*self._login)
        server.ehlo_or_helo_if_needed()
        return server

    def _tls(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()

    def _drop(self) -> None:
        """Let go of a connection of which nobody knows how it stands."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    # ---- a message ---------------------------------------------------------------------------------------------------

    def _transaction(self, server: smtplib.SMTP, message: Message, content: bytes, begin: Begin) -> Answer:
        """The envelope, then the message. Before the server agreed to hear the message, it cannot have it."""
        has_begun = False
        try:
            refused = self._envelope(server, message)
            if refused is not None:
                return refused
            if not begin():
                self._drop()  # the server waits for a message that does not come
                return NOT_BEGUN
            has_begun = True
            self._sent += 1
            server.send(_quoted(content))
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return self._failed(Outcome.LOST if has_begun else Outcome.UNREACHED, error)
        if code < 0:  # what came is no reply
            self._drop()
            return self._answered(Outcome.LOST, code, text)
        return self._replied(code, text)

    def _envelope(self, server: smtplib.SMTP, message: Message) -> Answer | None:
        """Say who writes to whom, and ask to be heard; None where the server agrees."""
        sender, to = _ascii(address_of(sender_of(message))), _ascii(message.to)
        options = []
        if not (sender.isascii() and to.isascii()):
            if not server.has_extn("smtputf8"):
                return Answer(Outcome.UNFIT, "smtputf8", "the server takes no addresses beyond ASCII")
            options = ["SMTPUTF8"]
        code, text = server.mail(sender, options)
        if code >= 500:  # about who we are, not about this message
            self._drop()
            return self._answered(Outcome.BARRED, code, text)
        if code == 250:
            code, text = server.rcpt(to)
        if code not in (250, 251):
            return self._replied(code, text)
        code, text = server.docmd("data")
        return None if code == 354 else self._replied(code, text)

    def _replied(self, code: int, text: bytes) -> Answer:
        """What a reply to a command means; a transaction that failed is given up, the connection stays."""
        if 200 <= code < 300:
            return self._answered(Outcome.TAKEN, code, text)
        if code < 0 or code == 421:  # no reply at all, or the server goes
            self._drop()
            return self._answered(Outcome.LATER, code, text)
        if code in (530, 535, 538):  # RFC 4954: log in first, or better
            self._drop()
            return self._answered(Outcome.BARRED, code, text)
        if self._server is not None:
            try:
                self._server.rset()
            except (OSError, smtplib.SMTPException):
                self._drop()
        return self._answered(Outcome.LATER if code < 500 else Outcome.REFUSED, code, text)

    def _answered(self, outcome: Outcome, code: int, text: bytes | str) -> Answer:
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return Answer(outcome, str(code), self._secrets.hidden(words))

    def _failed(self, outcome: Outcome, error: Exception) -> Answer:
        return Answer(outcome, "connection", self._secrets.hidden(str(error) or type(error).__name__))


def _quoted(content: bytes) -> bytes:
    """A message as it goes over the line: a dot at the beginning of a line twice, and a dot at the end (RFC 5321, section 4.5.2)."""
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def _ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"
