"""The channels and groups that `consent` conditions and sends name are declared, where engage.yaml declares any."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.source import Issue, did_you_mean


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every mention of one that is not declared. Nothing is known where engage.yaml could not be read."""
    if loaded.config is None:
        return
    messaging = loaded.config.messaging
    for kind, known in ((Mentioned.CHANNEL, messaging.channels), (Mentioned.GROUP, messaging.groups)):
        for mention in loaded.mentioned(kind) if known else ():
            if mention.name not in known:
                hint = did_you_mean(mention.name, known) or f"declared are {', '.join(f'`{name}`' for name in known)}"
                message = f"`messaging` in engage.yaml declares no {kind.value} `{mention.name}`"
                yield Issue(f"unknown-{kind.value}", message, mention.span, hint)
