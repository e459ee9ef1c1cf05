"""A project of template files, and what renders them."""

from typing import Any

from engage_cli.definitions.project_files import load_texts
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.renderer import Rendered
from engage_cli.messaging.template import MessageTemplate, load_templates

CONFIG = """\
project: shop
timezone: Europe/London
person_timezone: {trait: timezone}
sources: {events: {path: events.csv}, profiles: {path: profiles.csv}}
messaging:
  channels:
    email: {address: email, from: "Acme <hello@acme.example>"}
    sms: {address: phone}
    push: {address: device_token}
  language: {trait: language, default: en}
  urls: {unsubscribe: "https://acme.example/u/{token}", preferences: "https://acme.example/p/{token}", view: "https://acme.example/v/{message_id}"}
"""


def texts_of(**files: str) -> dict[str, str]:
    """The texts of a project, templates by their names with `__` for a dot and `___` for a slash."""
    named = {f"campaigns/templates/{name.replace('___', '/').replace('__', '.')}": text for name, text in files.items()}
    return {"engage.yaml": CONFIG, **named}


def templates_of(**files: str) -> dict[str, MessageTemplate]:
    """The messages of template files."""
    return load_templates(load_texts(texts_of(**files)))


def message(body: str, channel: str = "email", language: str | None = None, **variables: Any) -> Rendered:
    """One template rendered: HTML for email, else plain text."""
    files = {"m__html": body} if channel == "email" else {"m__txt": body}
    return templates_of(**files)["m"].compile(channel, language).render(variables)


def html(body: str, **variables: Any) -> str:
    """The inside of the body of one HTML template."""
    whole = message(body, **variables).html or ""
    return whole.partition("<body>")[2].partition("</body>")[0].strip()


def text(body: str, **variables: Any) -> str:
    """One plain template rendered."""
    return message(body, "sms", **variables).text


def refused(body: str, channel: str = "sms", **variables: Any) -> RenderError:
    """Why a template cannot be rendered."""
    try:
        message(body, channel, **variables)
    except RenderError as error:
        return error
    raise AssertionError("it was rendered")
