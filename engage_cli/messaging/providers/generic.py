"""Our own shape: the message as the run's file has it, for a receiver that you write."""

from collections.abc import Mapping

from engage_cli.messaging.message import Message
from engage_cli.messaging.providers.request import Body, Headers, present


def body_of(message: Message, options: Mapping[str, str], headers: Headers) -> Body:
    """The message's own fields, those that it has."""
    return {
        "message_id": message.message_id,
        "user_id": message.user_id,
        "channel": message.channel,
        "to": message.to,
        **present(
            template=message.template,
            subject=message.subject,
            html=message.html,
            text=message.text,
            reply_to=message.reply_to,
            campaign=message.campaign,
            step=message.step,
            variant=message.variant,
            group=message.group,
        ),
        **({"from": message.sender} if message.sender is not None else {}),
        "category": message.category,
        **({"variables": dict(message.variables)} if message.variables else {}),
        **({"headers": dict(headers)} if headers else {}),
    }
