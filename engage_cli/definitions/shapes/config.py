"""The shape of `engage.yaml`."""

from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Config, EngineSettings, Messaging, Sources
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.sending import MessagesDestination
from engage_cli.definitions.shapes.base import Named, Shape
from engage_cli.definitions.shapes.destinations import DESTINATIONS
from engage_cli.definitions.shapes.identity import IDENTITY
from engage_cli.definitions.shapes.messaging import MESSAGING
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import TextShape
from engage_cli.definitions.shapes.settings import FILE_PATH, MEMORY, THREADS, ZONE
from engage_cli.definitions.shapes.sources import SOURCES
from engage_cli.definitions.shapes.value import DURATION, PATH
from engage_cli.definitions.values import Duration, Unit
from engage_cli.records import replace

DEFAULT_ENGINE = EngineSettings(memory_limit="4GB", threads=None, temp_directory=".engage/tmp")

# ---- engine --------------------------------------------------------------------------------------------------------

_MEMORY_LIMIT = Key("memory_limit", MEMORY, "How much memory DuckDB may use; 4GB by default.")
_THREADS = Key("threads", THREADS, "How many threads DuckDB may use; every core by default.")
_TEMP = Key("temp_directory", FILE_PATH, "Where DuckDB spills what does not fit; .engage/tmp by default.")


def _engine(fields: Fields, _reading: Reading) -> EngineSettings:
    return EngineSettings(
        fields.get(_MEMORY_LIMIT) or DEFAULT_ENGINE.memory_limit,
        fields.get(_THREADS),
        fields.get(_TEMP) or DEFAULT_ENGINE.temp_directory,
    )


_ENGINE_SHAPE: Shape[EngineSettings] = Record(
    "`engine`", [_MEMORY_LIMIT, _THREADS, _TEMP], _engine, hints={"memory": "write `memory_limit`"}
)

# ---- the project ---------------------------------------------------------------------------------------------------

_PROJECT = Key("project", TextShape("the project's name"), "The project's name.", required=True)
_TIMEZONE = Key("timezone", ZONE, "Of calendar days, bare dates, and people with no zone of their own; UTC by default.")
_TRAIT = Key("trait", PATH, "The trait that holds a person's zone.", required=True)
_ZONE_OF: Shape[Path] = Record("`person_timezone`", [_TRAIT], lambda fields, _reading: fields[_TRAIT])
_PERSON_TIMEZONE = Key("person_timezone", _ZONE_OF, "Where a person's own time zone stands.")
_STATE = Key("state", FILE_PATH, "The state's file: precious. .engage/state.duckdb by default.")
_STORE = Key("store", FILE_PATH, "The event store's folder, a cache; .engage/events by default. `none`: read the files at every run.")
_OUTPUTS = Key("outputs", FILE_PATH, "The folder that outputs are written to; out by default.")
_LATE_WINDOW = Key("late_window", DURATION, "How late an event may come in and still count in journeys; 3 days by default.")
_ENGINE_KEY = Key("engine", _ENGINE_SHAPE, "What DuckDB may use.")
_SOURCES = Key("sources", SOURCES, "The data.", required=True)
_IDENTITY = Key("identity", IDENTITY, "Which identifiers join what is known of a person.")
_MESSAGING = Key("messaging", MESSAGING, "Channels, groups and the rules of sending.")
_DESTINATIONS_KEY = Key("destinations", DESTINATIONS, "Where changes of membership, and messages, go.")


def _config(fields: Fields, reading: Reading) -> Config:
    destinations = fields.get(_DESTINATIONS_KEY) or {}
    return Config(
        project=fields[_PROJECT],
        timezone=fields.get(_TIMEZONE) or "UTC",
        state=fields.get(_STATE) or ".engage/state.duckdb",
        store=None if fields.get(_STORE) == "none" else fields.get(_STORE) or ".engage/events",
        outputs=fields.get(_OUTPUTS) or "out",
        late_window=fields.get(_LATE_WINDOW) or Duration(3, Unit.DAY),
        engine=fields.get(_ENGINE_KEY) or DEFAULT_ENGINE,
        sources=replace(fields.get(_SOURCES) or Sources(), identity=fields.get(_IDENTITY)),
        destinations={name: one for name, one in destinations.items() if not isinstance(one, MessagesDestination)},
        senders={name: one for name, one in destinations.items() if isinstance(one, MessagesDestination)},
        messaging=fields.get(_MESSAGING) or Messaging(),
        person_timezone=fields.get(_PERSON_TIMEZONE),
    )


CONFIG: Shape[Config] = Named(
    "project",
    "the project's settings",
    lambda: Record(
        "`engage.yaml`",
        [
            _PROJECT,
            _TIMEZONE,
            _PERSON_TIMEZONE,
            _STATE,
            _STORE,
            _OUTPUTS,
            _LATE_WINDOW,
            _ENGINE_KEY,
            _SOURCES,
            _IDENTITY,
            _MESSAGING,
            _DESTINATIONS_KEY,
        ],
        _config,
        description="engage.yaml: the project's sources, zones, messaging policy and destinations.",
        hints={
            **dict.fromkeys(("name", "title"), "write `project`"),
            **dict.fromkeys(("tz", "zone"), "write `timezone`"),
            **dict.fromkeys(("events", "profiles", "accounts", "memberships", "consents", "suppressions"), "put it under `sources:`"),
            **dict.fromkeys(("output", "out"), "write `outputs`"),
            **dict.fromkeys(("identifiers", "blocked"), "put it under `identity:`"),
            **dict.fromkeys(("channels", "groups", "quiet_hours", "frequency_caps", "holdout", "urls"), "put it under `messaging:`"),
            **dict.fromkeys(("memory_limit", "threads", "temp_directory"), "put it under `engine:`"),
        },
    ),
)
