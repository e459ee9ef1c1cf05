"""Braze, `POST /messages/send`.

The shape is that of https://www.braze.com/docs/api/endpoints/messaging/send_messages/post_send_messages and of the messaging objects
below https://www.braze.com/docs/api/objects_filters/#messaging-objects. Braze knows people by its `external_user_id`, which is to be our
user id, and their addresses itself: `to` has no place in a request. Consent was asked here already, so `recipient_subscription_state` is
`all` for transactional messages and left to Braze (`subscribed`) for the others. `from` takes a name, `reply_to` an address alone.
"""

from collections.abc import Mapping

from engage_cli.messaging.message import MARKETING, Message
from engage_cli.messaging.providers.request import Body, Headers, ProviderError, mailbox, present, sender_of, text_of


def body_of(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    """A request for one recipient."""
    return {
        "external_user_ids": [message.user_id],
        "recipient_subscription_state": "subscribed" if message.category == MARKETING else "all",
        "messages": _objects(message, options, headers),
    }


def _objects(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    match message.channel:
        case "email":
            return {"email": _email(message, options, headers)}
        case "sms":
            group = options["subscription_group_id"]
            return {"sms": {"app_id": options["app_id"], "subscription_group_id": group, "body": text_of(message)}}
        case _:
            alert, title, extra = text_of(message), message.subject, message.about
            return {
                "android_push": {"title": title or "", "alert": alert, "extra": extra},
                "apple_push": {"alert": present(title=title, body=alert), "extra": extra},
            }


def _email(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    if not message.subject:
        raise ProviderError("has no subject")
    return {
        "app_id": options["app_id"],
        "from": sender_of(message),
        "subject": message.subject,
        "body": message.html if message.html is not None else text_of(message),
        **present(plaintext_body=message.text, reply_to=None if message.reply_to is None else mailbox(message.reply_to)["email"]),
        "extras": message.about,
        **({"headers": dict(headers)} if headers else {}),
    }
