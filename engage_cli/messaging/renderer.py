"""Renders messages of one compiled template, one after the other, each for a person and an instant."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Any, NamedTuple

from jinja2 import Template
from jinja2.runtime import Context
from msgspec import Struct

from engage_cli.messaging.environment import GLOBALS, Sandbox
from engage_cli.messaging.formats import Formats
from engage_cli.messaging.headers import header_value, mailbox
from engage_cli.messaging.limits import LONGEST_MESSAGE, Budget
from engage_cli.messaging.places import Places
from engage_cli.messaging.problems import RenderError

Variables = Mapping[str, Any]
"""What a template sees, as in names.py: JSON values by name."""

_GAPS = re.compile(r"\n[ \t]*\n[ \t]*\n\s*")
_NOTHING: dict[str, Any] = {"profile": {}, "account": {}, "entities": {}, "context": {}, "campaign": {}}


class Rendered(NamedTuple):
    """A message as one person gets it. `sender`, `reply_to` and `subject` are safe as values of headers."""

    text: str
    html: str | None = None
    subject: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    preheader: str | None = None


class Rendering:
    """One compiled text."""

    def __init__(self, sandbox: Sandbox, template: Template, places: Places) -> None:
        self._template = template
        self._places = places
        self._root: Callable[[Context], Any] = template.root_render_func
        self._context = Context(sandbox, {}, None, {})
        """The same for every message: making one costs as much as writing a few values."""

    def __call__(self, scope: dict[str, Any]) -> str:
        """The text for the variables. Raises RenderError."""
        self._context.parent = scope
        self._context.vars.clear()
        try:
            (pieces,) = self._root(self._context)
            text = "".join(pieces)
        except RenderError as error:
            self._place(error, error.__traceback__)
            raise
        except RecursionError as error:
            raise self._place(RenderError("too-large", "its macros call each other without end"), error.__traceback__) from None
        except Exception as error:  # whatever an operation of the template's did with values that are not as it expects
            raise self._place(RenderError("value", _words(error)), error.__traceback__) from None
        if len(text) > LONGEST_MESSAGE:
            raise RenderError("too-large", f"the message would be longer than {LONGEST_MESSAGE:,} characters")
        return text

    def _place(self, error: RenderError, traceback: TracebackType | None) -> RenderError:
        """The error with its line, which is that of the last step inside the template."""
        while traceback is not None:
            if traceback.tb_frame.f_code is self._root.__code__ or "__jinja_template__" in traceback.tb_frame.f_globals:
                line = self._template.get_corresponding_lineno(traceback.tb_lineno)
                error.file, error.line = self._places.file_and_line(line)
            traceback = traceback.tb_next
        return error


class Renderer(Struct):
    """A template compiled for a channel and a language. Constant texts are text. Not to be used by two threads at once."""

    budget: Budget
    formats: Formats
    language: str
    sender: Rendering | str | None
    reply_to: Rendering | str | None
    subject: Rendering | str | None
    preheader: Rendering | str | None
    html: Rendering | None
    text: Rendering | str
    is_derived: bool
    """Whether the text is made of the HTML."""

    def render(self, variables: Variables, *, zone: tzinfo | None = None, now: datetime | None = None) -> Rendered:
        """The message. `zone` is the person's (None: the project's), `now` the instant that the message is of.

        Raises RenderError, with the place, for somebody whose values the template cannot do with: a missing one without a `default`, a line
        break in a subject, no number where one is written.
        """
        self.budget.start()
        self.formats.zone = zone or self.formats.project_zone
        self.formats.now = now
        scope = {**GLOBALS, **_NOTHING, **variables, "language": self.language}
        subject = _header("subject", self.subject, scope)
        scope["subject"] = subject or ""
        preheader = _said(self.preheader, scope)
        scope["preheader"] = preheader or ""
        sender = _said(self.sender, scope)
        reply_to = _said(self.reply_to, scope)
        html = None if self.html is None else self.html(scope)
        text = self.text if isinstance(self.text, str) else self.text(scope)
        return Rendered(
            text=_GAPS.sub("\n\n", text).strip() if self.is_derived else text.strip(),
            html=html,
            subject=subject,
            sender=None if sender is None else mailbox("from", sender),
            reply_to=None if reply_to is None else mailbox("reply_to", reply_to),
            preheader=preheader,
        )


def _said(part: Rendering | str | None, scope: dict[str, Any]) -> str | None:
    """A value of the front matter; what its author wrote around it on lines of their own is no part of it."""
    return part if part is None or isinstance(part, str) else part(scope)


def _header(name: str, part: Rendering | str | None, scope: dict[str, Any]) -> str | None:
    said = _said(part, scope)
    return None if said is None else header_value(name, said.strip(" "))


def _words(error: Exception) -> str:
    """What went wrong, without the values of anybody."""
    match error:
        case ZeroDivisionError():
            return "a number is divided by zero"
        case TypeError() | ValueError() | ArithmeticError():
            return f"a value is not what the template makes of it: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        case _:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
