"""Real servers to deliver to: a mail server and a web server, each of which misbehaves as told."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---- mail ----------------------------------------------------------------------------------------------------------


class Mailbox:
    """A mail server that keeps what it took. `senders` are told to senders one after the other, `replies` to recipients,
    `answers` to messages, before 250."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.replies: list[str] = []
        self.answers: list[str] = []
        self.drop_after = False
        """Take the message, and go without an answer."""

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        reply = self.senders.pop(0) if self.senders else "250 OK"
        if reply.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        reply = self.replies.pop(0) if self.replies else "250 OK"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        if self.drop_after:
            self.drop_after = False
            server.transport.abort()
        return answer


def accepts(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Whether a login is right."""
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"shop", b"open sesame")
    return AuthResult(success=is_right, handled=False)  # the server is to answer


@contextmanager
def mail_server(mailbox: Mailbox, port: int | None = None, **options: Any) -> Iterator[int]:
    """The server, listening on a port."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


# ---- web -----------------------------------------------------------------------------------------------------------


@dataclass
class Request:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Misbehaviour = tuple[int, dict[str, str], str] | str
"""A status with headers and a body, or `hang` (take it, say nothing for long) or `drop` (take it, hang up)."""


@dataclass
class Site:
    """A web server that keeps what came. `script` tells how it behaves, request by request; after that it is well."""

    requests: list[Request] = field(default_factory=list)
    script: list[Misbehaviour] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0
    slowly: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def keys(self) -> list[str]:
        return [request.headers["idempotency-key"] for request in self.requests]


@contextmanager
def web_server(site: Site, port: int = 0) -> Iterator[str]:
    """The server; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        site.released.set()
        server.shutdown()
        server.server_close()


def _handler(site: Site) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with site.lock:
                site.requests.append(
                    Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body, time.monotonic())
                )
                behaviour = site.script.pop(0) if site.script else (200, {}, "taken")
                site.under_way += 1
                site.most_at_once = max(site.most_at_once, site.under_way)
            time.sleep(site.slowly)
            with site.lock:
                site.under_way -= 1
            if behaviour == "hang":
                site.released.wait(20)
            if isinstance(behaviour, str):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, headers, text = behaviour
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    return Handler
