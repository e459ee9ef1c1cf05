"""The addresses of the project's pages in messages: which of them a message has, and whether that takes a signed token.

`message_link(edition, number, variables_sign, texts_sign, header_signs)`
    one row an edition. Its addresses are signed for a message that comes with variables, for one whose texts show them, for the header of
    a marketing email. They stand under its `number` in the list `message_links`, a variable of the connection: all of them as members of a
    JSON object, each with a comma before it, `{token}` and `{message_id}` in them.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from engage_cli.messaging.names import URLS
from engage_cli.messaging.policy.editions import Edition

if TYPE_CHECKING:  # a process that renders needs no engine, and starts without one
    from engage_cli.engine.base import Engine

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


def stage_links(engine: "Engine", editions: Iterable[Edition]) -> list[str]:
    """Make `message_link` and `message_links`; what is in that list."""
    rows = [(one.id, number, *_link(one)) for number, one in enumerate(editions, start=1)]
    links = [row[2] for row in rows]
    engine.execute("SET VARIABLE message_links = CAST(? AS VARCHAR[])", [links])
    engine.execute(_STAGE, [[row[place] for row in rows] for place in (0, 1, 3, 4, 5)])
    return links


def _link(edition: Edition) -> tuple[str, bool, bool, bool]:
    urls = urls_of(edition)
    signed = {name for name, url in urls.items() if TOKEN in url}
    members = "".join(f",{json.dumps(name)}:{json.dumps(url, ensure_ascii=False)}" for name, url in urls.items())
    return members, bool(signed), bool(signed & shown_in(json.loads(edition.texts))), "unsubscribe_url" in signed


_STAGE = """
    CREATE OR REPLACE TEMP TABLE message_link AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS edition, unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS BOOLEAN[])) AS variables_sign,
        unnest(CAST(? AS BOOLEAN[])) AS texts_sign, unnest(CAST(? AS BOOLEAN[])) AS header_signs
"""
