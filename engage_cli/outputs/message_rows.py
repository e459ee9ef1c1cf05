"""Messages that come with their variables as rows of CSV, cut out of their lines as text: nothing is read as JSON that is the same for
thousands of messages, and the rows are those that DuckDB's COPY would write, byte for byte.

A name between `,"` and `":` stands once in a line before its variables do: in a JSON text, a quote inside a value has a backslash before
it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engage_cli.messaging.policy.links import MESSAGE_ID, TOKEN
from engage_cli.messaging.unsubscribe import Signer
from engage_cli.outputs.message_common import END
from engage_cli.outputs.message_text import COLUMNS, VARIABLES, Part

_TEMPLATE, _TIMES, _SEND_AT, _VARIABLES = ',"template":', ',"scheduled_at":"', '","send_at":"', f'"{VARIABLES}'
_BEFORE = COLUMNS[COLUMNS.index("to") + 1 : COLUMNS.index("variables")]
_AFTER = COLUMNS[COLUMNS.index("variables") + 1 : COLUMNS.index("scheduled_at")]
_QUOTED = re.compile(r'[",#\r\n]')
"""What has to be quoted in a row: RFC 4180, and the sign that DuckDB's reader takes for a comment."""
_PLAIN = re.compile(r'\{"message_id":"([^"\\,#]+)","user_id":"([^"\\,#]+)","to":"([^"\\,#]+)"')


def csv_header() -> str:
    """The first row."""
    return ",".join(COLUMNS)


def csv_of_parts(parts: Iterable[Part], links: Sequence[str], signer: Signer | None) -> list[str]:
    """The rows of messages, as `lines_of_parts` makes their lines."""
    shared = [None if MESSAGE_ID in one else _doubled(one).split(TOKEN) for one in links]
    said: dict[str, tuple[str, str]] = {}
    made = []
    for payload, id_json, number, claims in parts:
        pieces = shared[number - 1] or _doubled(links[number - 1].replace(MESSAGE_ID, id_json[1:-1])).split(TOKEN)
        token = "" if signer is None or claims is None else signer.token(claims)
        template = payload.index(_TEMPLATE)
        times = payload.index(_TIMES, template)
        variables = payload.index(_VARIABLES, times)
        alike = payload[template + len(_TEMPLATE) : times]
        before, after = said.get(alike) or said.setdefault(alike, _campaign(alike))
        instants = payload[times + len(_TIMES) : variables].replace(_SEND_AT, ",")
        said_of_it = f"{_doubled(payload[variables + len(_VARIABLES) : -END])}{token.join(pieces)}}}"
        made.append(f'{_who(payload[:template])},{before},"{said_of_it}",{after},{instants}')
    return made


def _who(text: str) -> str:
    """Message, user and address."""
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        return ",".join(plain.groups())
    return _fields(json.loads(text + "}"), COLUMNS[:3])


def _campaign(text: str) -> tuple[str, str]:
    """What the messages of a campaign in one language have in common: before their variables, and after them."""
    said = json.loads(f'{{"template":{text}}}')
    return _fields(said, _BEFORE), _fields(said, _AFTER)


def _fields(values: Mapping[str, Any], names: Iterable[str]) -> str:
    return ",".join(_field(values.get(name)) for name in names)


def _field(value: str | None) -> str:
    if value is None:
        return ""
    return f'"{_doubled(value)}"' if not value or _QUOTED.search(value) else value


def _doubled(text: str) -> str:
    return text.replace('"', '""')
