"""SendGrid, `POST /v3/mail/send`.

The shape is that of https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send: `custom_args` come back with every event of
its Event Webhook, their values must be text; `content` goes from plain to HTML; a dynamic template takes `dynamic_template_data`.
"""

from collections.abc import Mapping

from engage_cli.messaging.message import Message
from engage_cli.messaging.providers.request import Body, Headers, ProviderError, mailbox, sender_of, template_of

_RESERVED = frozenset(
    (
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
        *("to", "from", "subject", "reply-to", "cc", "bcc"),
    )
)
"""Headers that SendGrid lets nobody set."""


def body_of(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    """A request for one recipient."""
    own = {name: value for name, value in headers.items() if name.lower() not in _RESERVED}
    to: Body = {"to": [{"email": message.to}], "custom_args": message.about}
    body: Body = {"personalizations": [to], "from": mailbox(sender_of(message))}
    if message.reply_to is not None:
        body["reply_to"] = mailbox(message.reply_to)
    if own:
        body["headers"] = own
    if message.campaign is not None:
        body["categories"] = [message.campaign]
    if not message.is_rendered:
        to["dynamic_template_data"] = dict(message.variables)
        return {**body, "template_id": template_of(message)}
    if not message.subject:
        raise ProviderError("has no subject")
    kinds = (("text/plain", message.text), ("text/html", message.html))
    return {**body, "subject": message.subject, "content": [{"type": kind, "value": value} for kind, value in kinds if value]}
