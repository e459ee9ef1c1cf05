"""The addresses of the project's pages in messages: which of them a message has, and whether that takes a signed token."""

import json
from collections.abc import Mapping

from msgspec import Struct

from engage_cli.messaging.names import URLS
from engage_cli.messaging.policy.editions import Edition

TOKEN, MESSAGE_ID = "{token}", "{message_id}"


def urls_of(edition: Edition) -> dict[str, str]:
    """The addresses that engage.yaml declared, by the names that templates have for them."""
    declared = json.loads(edition.setting)["urls"]
    return {name: declared[key] for name, key in URLS.items() if declared.get(key) is not None}


def shown_in(texts: Mapping[str, str]) -> frozenset[str]:
    """The addresses that a template's texts name."""
    return frozenset(name for name in URLS if any(name in text for text in texts.values()))


def filled(url: str, token: str | None, message_id: str) -> str:
    """An address for one message."""
    return url.replace(TOKEN, token or "").replace(MESSAGE_ID, message_id)


class Links(Struct, frozen=True):
    """The addresses in the messages of an edition.

    `members`: all of them as members of a JSON object, each with a comma before it, `{token}` and `{message_id}` in them. A message with
    variables has these, and they are signed (`of_variables`); one that is rendered takes a token where its texts show an address that has
    one (`of_texts`), or its header does (`of_header`), which marketing emails have.
    """

    members: str
    of_variables: bool
    of_texts: bool
    of_header: bool


def links_of(edition: Edition) -> Links:
    """The addresses in the messages of an edition."""
    urls = urls_of(edition)
    signed = {name for name, url in urls.items() if TOKEN in url}
    members = "".join(f",{json.dumps(name)}:{json.dumps(url, ensure_ascii=False)}" for name, url in urls.items())
    return Links(members, bool(signed), bool(signed & shown_in(json.loads(edition.texts))), "unsubscribe_url" in signed)
