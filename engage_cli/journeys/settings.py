"""What the sends and syncs of editions say beside whom they are for: kept with each candidate and each stay on a list."""

import json
from collections.abc import Iterable

from engage_cli.definitions.journey_steps import Send, Sync, arms_before
from engage_cli.engine.base import Engine
from engage_cli.journeys.edition import Edition


def make_settings(engine: Engine, editions: Iterable[Edition]) -> None:
    """Make `step_settings(journey, version, step, channel, template, settings, destination, list, event, arms)`.

    `arms`: the steps by which somebody may have been given an arm before, of a send.
    """
    rows = [row for edition in editions for row in _rows(edition)]
    engine.execute(_SETTINGS, [[row[number] for row in rows] for number in range(10)])


def _rows(edition: Edition) -> Iterable[tuple[object, ...]]:
    arms, _ = arms_before(edition.journey.steps)
    for step in edition.journey.all_steps():
        where = (edition.journey.name, edition.version, step.id)
        match step:
            case Send():
                yield (*where, step.channel, step.template, settings_of(step), None, None, None, arms[step.id])
            case Sync():
                yield (*where, None, None, None, step.destination, step.list, step.event, ())
            case _:
                pass


def settings_of(send: Send) -> str:
    """What a send says beside channel and template, as JSON; what it leaves to the template or a default is not there."""
    said = {
        "group": send.group,
        "category": send.category.value,
        "priority": send.priority,
        "expires_after": None if send.expires_after is None else str(send.expires_after),
        "render": send.render.value,
        "subject": send.subject,
        "preheader": send.preheader,
        "from": send.sender,
        "reply_to": send.reply_to,
    }
    return json.dumps({name: value for name, value in said.items() if value is not None}, separators=(",", ":"))


_SETTINGS = """
    CREATE OR REPLACE TEMP TABLE step_settings AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS journey, unnest(CAST(? AS INTEGER[])) AS version, unnest(CAST(? AS VARCHAR[])) AS step,
        unnest(CAST(? AS VARCHAR[])) AS channel, unnest(CAST(? AS VARCHAR[])) AS template, unnest(CAST(? AS VARCHAR[])) AS settings,
        unnest(CAST(? AS VARCHAR[])) AS destination, unnest(CAST(? AS VARCHAR[])) AS list, unnest(CAST(? AS VARCHAR[])) AS event,
        unnest(CAST(? AS VARCHAR[][])) AS arms
"""
