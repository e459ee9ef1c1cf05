"""Amazon SES, API v2 `SendBulkEmail`.

The shape is that of https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html: every bulk email is made by a
template, by its name or by its content; an entry brings its data as JSON text (`ReplacementTemplateData`), its tags and its headers.
Tags are of letters, digits, `_` and `-`. A message that is rendered already goes by a template that has holes and nothing else.
"""

import json
import re
from collections.abc import Mapping, Sequence

from engage_cli.messaging.message import Message
from engage_cli.messaging.providers.request import Body, Headers, ProviderError, sender_of, template_of

AT_MOST = 50
"""So many entries has a request."""

_NO_TAG = re.compile(r"[^A-Za-z0-9_-]")
_HOLES = {"Subject": "{{{subject}}}", "Text": "{{{text}}}", "Html": "{{{html}}}"}


def body_of(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    """A request for one recipient."""
    return bulk_of([(message, headers)], options)


def bulk_of(messages: Sequence[tuple[Message, Headers]], options: Mapping[str, str]) -> Body:
    """A request for up to 50 recipients of one sender, whose messages are made alike (`together`)."""
    first = messages[0][0]
    if first.is_rendered:
        parts = {"Subject": first.subject, "Text": first.text, "Html": first.html}
        template: Body = {"TemplateContent": {name: _HOLES[name] for name, value in parts.items() if value is not None}}
    else:
        template = {"TemplateName": template_of(first)}
    body: Body = {
        "FromEmailAddress": sender_of(first),
        "DefaultContent": {"Template": {**template, "TemplateData": "{}"}},
        "BulkEmailEntries": [_entry(message, headers) for message, headers in messages],
    }
    if first.reply_to is not None:
        body["ReplyToAddresses"] = [first.reply_to]
    if "configuration_set_name" in options:
        body["ConfigurationSetName"] = options["configuration_set_name"]
    return body


def together(message: Message) -> tuple[object, ...]:
    """What messages of one request have in common."""
    if not message.is_rendered:
        return (message.sender, message.reply_to, message.template)
    return (message.sender, message.reply_to, message.text is None, message.html is None)


def _entry(message: Message, headers: Headers) -> Body:
    if message.is_rendered and not message.subject:
        raise ProviderError("has no subject")
    parts = {"subject": message.subject, "text": message.text, "html": message.html}
    data = {name: value for name, value in parts.items() if value is not None} if message.is_rendered else dict(message.variables)
    return {
        "Destination": {"ToAddresses": [message.to]},
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": json.dumps(data, ensure_ascii=False)}},
        "ReplacementTags": [{"Name": name, "Value": _NO_TAG.sub("_", value)} for name, value in message.about.items()],
        **({"ReplacementHeaders": [{"Name": name, "Value": value} for name, value in headers.items()]} if headers else {}),
    }
