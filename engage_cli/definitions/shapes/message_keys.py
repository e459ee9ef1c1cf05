"""The keys that say what a message is beside its template: those of a journey's `send`, and of a broadcast."""

from engage_cli.definitions.journey_steps import Category, Render
from engage_cli.definitions.reading import Mentioned
from engage_cli.definitions.shapes.record import Key
from engage_cli.definitions.shapes.scalar import Choice, TextShape, WholeNumber, id_shape, mentioning
from engage_cli.definitions.shapes.value import DURATION

TEMPLATE_NAME = mentioning(id_shape("a template"), Mentioned.TEMPLATE)
CHANNEL = Key("channel", mentioning(id_shape("a channel"), Mentioned.CHANNEL), "The channel, such as email.", required=True)
GROUP = Key("group", mentioning(id_shape("a subscription group"), Mentioned.GROUP), "The subscription group that must allow it.")
CATEGORY = Key(
    "category",
    Choice("what kind of message it is", {category.value: category for category in Category}),
    "marketing (default), or transactional: whatever the consent, the holdout and the caps say.",
)
PRIORITY = Key(
    "priority", WholeNumber("a whole number from -100 to 100", at_least=-100, at_most=100), "The greater goes first; 0 by default."
)
EXPIRES = Key("expires_after", DURATION, "Not sent so long after its time; 24 hours by default.")
RENDER = Key(
    "render",
    Choice("what is handed over", {render.value: render for render in Render}),
    "message (default): ready to send; variables: the template's name and its variables.",
)
SUBJECT = Key("subject", TextShape(), "In place of the template's own subject.")
PREHEADER = Key("preheader", TextShape(), "In place of the template's own preheader.")
SENDER = Key("from", TextShape(), "In place of the channel's own sender.")
REPLY_TO = Key("reply_to", TextShape(), "Where answers go.")
