"""The shape of `consent` conditions."""

from engage_cli.definitions.conditions import Condition, ConsentStatus, HasConsent
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import Shape, one_or_more
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, id_shape, mentioning

_STATUS = Choice(
    "a subscription state",
    {status.value: status for status in ConsentStatus},
    hints={
        **dict.fromkeys(("opted_in", "yes", "active", "SUBSCRIBED"), "write `subscribed`"),
        **dict.fromkeys(("opted_out", "no", "UNSUBSCRIBED"), "write `unsubscribed`"),
        **dict.fromkeys(("unknown", "missing", "never"), "write `none` for a person who has no state"),
    },
)
_CHANNEL = Key("channel", mentioning(id_shape("a channel"), Mentioned.CHANNEL), "The channel, such as email.", required=True)
_GROUP = Key(
    "group", mentioning(id_shape("a subscription group"), Mentioned.GROUP), "The subscription group; without it the channel as a whole."
)
_STATUSES = Key(
    "status",
    one_or_more(_STATUS, "a subscription state, or a list of them"),
    "The state, or any of a list: `subscribed` (default), `unsubscribed`, `did_not_subscribe`, or `none` where there is none.",
)


def _has_consent(fields: Fields, _reading: Reading) -> HasConsent:
    statuses = fields.get(_STATUSES) or (ConsentStatus.SUBSCRIBED,)
    return HasConsent(fields[_CHANNEL], fields.get(_GROUP), tuple(dict.fromkeys(statuses)), fields.node.span)


_STATE: Record[HasConsent] = Record(
    "`consent`",
    [_CHANNEL, _GROUP, _STATUSES],
    _has_consent,
    hints={
        **dict.fromkeys(("state", "statuses", "is"), "write `status`"),
        **dict.fromkeys(("groups", "topic", "list"), "write `group`"),
        **dict.fromkeys(("channels", "medium"), "write `channel`"),
    },
)
_CONSENT = Key("consent", _STATE, "The user's subscription state is this.", required=True)
CONSENT_CONDITION: Shape[Condition] = Record("a `consent` condition", [_CONSENT], lambda fields, _: fields[_CONSENT])
