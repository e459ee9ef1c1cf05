"""An audience that a condition names exists."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.source import Issue, did_you_mean

_WITH_SUGGESTION = 50
"""For so many names the closest one is looked for, which takes time that grows with the number of audiences."""


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every mention of an audience that no file defines, not even one that could not be read to its end."""
    known = {audience.name for audience in loaded.audiences} | loaded.perhaps
    missing = 0
    for mention in loaded.mentioned(Mentioned.AUDIENCE):
        if mention.name not in known:
            missing += 1
            hint = (
                did_you_mean(mention.name, known) if missing <= _WITH_SUGGESTION else None
            ) or "define it in a file under campaigns/audiences/"
            yield Issue("unknown-audience", f"there is no audience `{mention.name}`", mention.span, hint)
