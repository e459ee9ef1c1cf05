"""What a campaign says in place of a template's front matter."""

from engage_cli.definitions.template import Phrase
from engage_cli.source import Span

SAID = ("subject", "from", "reply_to", "preheader")
"""What it may say."""
_CAMPAIGN = Span("the campaign", 1, 1, 1, 1)


def phrase_of(text: str | None) -> Phrase | None:
    """What a campaign says in place of one of these."""
    return None if text is None else Phrase(text, 1, _CAMPAIGN)
