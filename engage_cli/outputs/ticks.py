"""What a run tells of messages and events: files of messages by channel, who gets none, track calls for destinations of events, and for
each list at a destination who comes and who goes.

`messages/<channel>.<format>` has one line a message: whom, by which template, and what it says (messages.py). `skipped.<format>` has one
line for each that is not sent, with the reason and the rule.
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


def stage_told(engine: Engine, syncs: Syncs = NOTHING) -> None:
    """Make `run_change` of the messages that were decided (`p_told`, which it was), and of lists from `list_change`."""
    engine.execute("DROP TABLE IF EXISTS temp.main.run_change")
    engine.execute("ALTER TABLE p_told RENAME TO run_change")
    if syncs.tellings:
        engine.execute(_LISTS)


def stage_events(engine: Engine) -> None:
    """Add to `run_change` the events that a tick tells destinations."""
    engine.execute(_EVENTS)


def write_told(
    engine: Engine,
    run: Run,
    destinations: Mapping[str, Destination],
    outputs: Path,
    *,
    syncs: Syncs = NOTHING,
    file_format: str = "jsonl",
) -> tuple[list[RunFile], list[Pending]]:
    """Write a run's folder from `run_change`, under its part name; its files, and what has to be renamed. No file, no folder."""
    planned = [_planned(Told(kind), source, destination, destinations, file_format) for kind, source, destination in engine.rows(_FILES)]
    if any(file.kind is Told.MESSAGE for file in planned) and not any(file.kind is Told.SKIPPED for file in planned):
        planned.append(_planned(Told.SKIPPED, Told.SKIPPED.value, None, destinations, file_format))
    planned += planned_files(engine, (), syncs.tellings)
    if not planned:
        return [], []
    written, folder = write_folder(engine, run, sorted(planned, key=lambda file: file.path), outputs)
    return written, [folder]


def _planned(kind: Told, source: str, destination: str | None, destinations: Mapping[str, Destination], file_format: str) -> RunFile:
    if kind is Told.MESSAGE:
        return RunFile(f"messages/{source}.{file_format}", kind, source, destination, "message", False, None, file_format)
    if kind is Told.SKIPPED or destination is None:
        return RunFile(f"skipped.{file_format}", kind, source, None, "skipped", False, None, file_format)
    to = destinations[destination]
    own = to.format if isinstance(to, EventsDestination) else "jsonl"
    return RunFile(f"syncs/{destination}/{source}.{own}", kind, source, destination, "track", False, None, own)


_FILES = "SELECT DISTINCT kind, source, destination FROM run_change WHERE kind NOT IN ('list', 'each') ORDER BY ALL"
_LISTS = f"INSERT INTO run_change FROM (FROM run_change LIMIT 0) {ROWS_OF_LISTS}"
_EVENTS = """
    INSERT INTO run_change
    SELECT 'event', r.journey, s.destination, r.user_id, 'told', CAST(to_json({
            'type': 'track', 'event': s.event, 'userId': r.user_id, 'messageId': md5(i.instance_id || chr(31) || r.step || chr(31) ||
            'event'),
            'timestamp': text_of_instant(r.added_at), 'properties': CAST(r.properties AS JSON)
        }) AS VARCHAR), '}', CAST(to_json(r.user_id) AS VARCHAR)
    FROM r_synced AS r JOIN step_settings AS s USING (journey, version, step)
    JOIN (
        SELECT instance, instance_id FROM r_entered UNION ALL SELECT instance, instance_id FROM instance_now
    ) AS i USING (instance)
    WHERE s.event IS NOT NULL
"""
