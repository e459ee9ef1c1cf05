"""A destination that `sync` names is declared in engage.yaml."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.source import Issue, did_you_mean


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every mention of a destination that is not declared. Nothing is known where engage.yaml could not be read."""
    if loaded.config is None:
        return
    known = loaded.config.destinations
    for mention in loaded.mentioned(Mentioned.DESTINATION):
        if mention.name not in known:
            hint = did_you_mean(mention.name, known) or "declare it under `destinations:` in engage.yaml"
            yield Issue("unknown-destination", f"there is no destination `{mention.name}`", mention.span, hint)
