"""What a tick tells: a file of messages for each channel, one of track calls for each destination of events that a step told, and for
each list at a destination who comes and who goes.

`messages/<channel>.jsonl` has one line a message: whom, by which template, and what the instance knew. `send_at` is `scheduled_at`:
consent, quiet hours and caps are not asked yet, and nothing is rendered.

`syncs/<destination>/<journey>.<format>` has track calls in Segment's spec (https://segment.com/docs/connections/spec/track/),
`syncs/<destination>/<list>/adds.<format>` and `removes.<format>` the rows of a list, as of an audience that is one.
"""

from collections.abc import Mapping
from pathlib import Path

from engage_cli.definitions.destinations import Destination, EventsDestination
from engage_cli.engine.base import Engine
from engage_cli.outputs.calls import ROWS_OF_LISTS
from engage_cli.outputs.folder import planned_files, write_folder
from engage_cli.outputs.syncs import NOTHING, Syncs
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import Run
from engage_cli.state.tables import Told


def write_tick(
    engine: Engine, run: Run, destinations: Mapping[str, Destination], outputs: Path, syncs: Syncs = NOTHING
) -> tuple[list[RunFile], list[Pending]]:
    """Write the folder of a tick from what it found, and of lists from `list_change`, under its part name; its files, and what has to be
    renamed. No file, no folder."""
    engine.execute("DROP TABLE IF EXISTS temp.main.run_change")
    engine.execute(_STAGE.replace("{lists}", ROWS_OF_LISTS if syncs.tellings else ""))
    planned = [_planned(Told(kind), source, destination, destinations) for kind, source, destination in engine.rows(_FILES)]
    planned += planned_files(engine, (), syncs.tellings)
    if not planned:
        return [], []
    written, folder = write_folder(engine, run, sorted(planned, key=lambda file: file.path), outputs)
    return written, [folder]


def _planned(kind: Told, source: str, destination: str, destinations: Mapping[str, Destination]) -> RunFile:
    if kind is Told.MESSAGE:
        return RunFile(f"messages/{source}.jsonl", kind, source, destination, "message", False, None, "jsonl")
    to = destinations[destination]
    file_format = to.format if isinstance(to, EventsDestination) else "jsonl"
    return RunFile(f"syncs/{destination}/{source}.{file_format}", kind, source, destination, "track", False, None, file_format)


_FILES = "SELECT DISTINCT kind, source, destination FROM run_change WHERE kind <> 'list' ORDER BY ALL"
_STAGE = """
    CREATE TEMP TABLE run_change AS
    SELECT 'message' AS kind, s.channel AS source, s.channel AS destination, r.user_id, 'scheduled' AS change, CAST(to_json({
            'message_id': r.candidate_id, 'user_id': r.user_id, 'template': s.template, 'campaign': r.journey, 'step': r.step,
            'scheduled_at': text_of_instant(r.scheduled_at), 'send_at': text_of_instant(r.scheduled_at),
            'settings': CAST(s.settings AS JSON), 'context': CAST(r.context AS JSON)
        }) AS VARCHAR) AS payload, '}' AS rest, CAST(to_json(r.user_id) AS VARCHAR) AS id_json
    FROM r_sent AS r JOIN step_settings AS s USING (journey, version, step)
    UNION ALL
    SELECT 'event', r.journey, s.destination, r.user_id, 'told', CAST(to_json({
            'type': 'track', 'event': s.event, 'userId': r.user_id, 'messageId': md5(i.instance_id || chr(31) || r.step || chr(31) ||
            'event'),
            'timestamp': text_of_instant(r.added_at), 'properties': CAST(r.properties AS JSON)
        }) AS VARCHAR), '}', CAST(to_json(r.user_id) AS VARCHAR)
    FROM r_synced AS r JOIN step_settings AS s USING (journey, version, step)
    JOIN (
        SELECT instance, instance_id FROM r_entered UNION ALL SELECT instance, instance_id FROM instance_now
    ) AS i USING (instance)
    WHERE s.event IS NOT NULL {lists}
"""
