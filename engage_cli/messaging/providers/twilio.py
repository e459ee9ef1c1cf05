"""Twilio, `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`, as form fields.

The shape is that of https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource: `To`, then `From` or
`MessagingServiceSid`, then `Body` (at most 1,600 characters) or, of a Content template, `ContentSid` and `ContentVariables`. WhatsApp
addresses have `whatsapp:` before the number.
"""

import json
from collections.abc import Mapping

from engage_cli.messaging.message import Message
from engage_cli.messaging.providers.request import Body, Headers, ProviderError, template_of

_LONGEST = 1600


def body_of(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    """The fields of a request."""
    fields: Body = {"To": _address(message, message.to)}
    if "messaging_service_sid" in options:
        fields["MessagingServiceSid"] = options["messaging_service_sid"]
    elif message.sender is not None:
        fields["From"] = _address(message, message.sender)
    else:
        raise ProviderError("has no sender: give the channel a `from`, or the destination the option `messaging_service_sid`")
    if message.text is None:
        return {**fields, "ContentSid": template_of(message), "ContentVariables": json.dumps(dict(message.variables), ensure_ascii=False)}
    if len(message.text) > _LONGEST:
        raise ProviderError(f"is longer than the {_LONGEST:,} characters that Twilio takes")
    return {**fields, "Body": message.text}


def _address(message: Message, address: str) -> str:
    return f"whatsapp:{address}" if message.channel == "whatsapp" and not address.startswith("whatsapp:") else address
