"""What `template preview` shows."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.messaging.sms import Sms
from engage_cli.service.results.common import DataReport


class TemplatePreview(Struct, frozen=True):
    """A message rendered for one user. `to` is their address as the data has it, `sms` what the text is as a text message.
    `unreachable`: why nothing can be sent there, in words that follow the address; None where it can, or where there are several.

    `is_clipped`: Gmail cuts an email that large. `files` are paths from the
    project's folder.
    """

    template: str
    user: str
    channel: str
    language: str
    as_of: datetime
    to: object
    unreachable: str | None
    sender: str | None
    reply_to: str | None
    subject: str | None
    text: str
    sms: Sms | None
    bytes: int
    is_clipped: bool
    files: tuple[Path, ...]
    data: DataReport
