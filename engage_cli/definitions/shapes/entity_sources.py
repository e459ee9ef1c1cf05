"""The shape of `sources.entities`: further tables of the warehouse, their keys and links."""

from collections.abc import Mapping

from engage_cli.definitions.project import Entity, Source
from engage_cli.definitions.reading import Reading, UnreadableError
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.kinds import ByName
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import TextShape, id_shape
from engage_cli.definitions.shapes.source_keys import COLUMN, MISSING, PATH, SOURCE_HINTS, TIMEZONE, missing_file
from engage_cli.definitions.yaml_nodes import Node
from engage_cli.source import Span, did_you_mean

TO_SUBJECTS = ("user", "account")
"""What a row may be linked to beside the rows of other entities."""
RESERVED = frozenset(
    {
        *TO_SUBJECTS,
        *("users", "events", "profiles", "accounts", "memberships", "consents", "suppressions", "entities", "traits"),
        *("user_id", "account_id", "entered_at"),
    }
)
"""Names that say something else: in links, in `sql:` or in the files of members."""

_Named = dict[str, tuple[str, Span]]


def _names(what: str, example: str, name: Shape[str]) -> Shape[_Named]:
    return ByName(f"a mapping of {what}, such as `{example}`", name, COLUMN)


_KEY = Key("key", COLUMN, "The column whose value names a row; one row for each.", required=True)
_LINKS = Key(
    "links",
    _names("what a row is linked to", "{user: user_id}", id_shape("`user`, `account` or an entity")),
    "What a row is linked to: `user`, `account` or another entity, and the column that holds its id or key.",
)
_COLUMNS = Key(
    "columns",
    _names("names to columns", "{plan: plan_name}", TextShape("a name")),
    "Other names for columns of the files; the rest keep theirs.",
)


def _named(fields: Fields, key: Key[_Named]) -> Mapping[str, str]:
    return {name: column for name, (column, _) in (fields.get(key) or {}).items()}


_Unnamed = tuple[Source, str, Mapping[str, str]]


def _entity(fields: Fields, reading: Reading) -> _Unnamed:
    source = Source(
        path=fields[PATH],
        columns=_named(fields, _COLUMNS),
        timezone=fields.get(TIMEZONE) or "UTC",
        on_missing_file=missing_file(fields, reading),
        span=fields.span(PATH),
    )
    return source, fields[_KEY], _named(fields, _LINKS)


_ENTITY: Record[_Unnamed] = Record(
    "an entity",
    [PATH, _KEY, _LINKS, _COLUMNS, TIMEZONE, MISSING],
    _entity,
    hints={
        **SOURCE_HINTS,
        **dict.fromkeys(("id", "primary_key", "keys", "primary"), "write `key`"),
        **dict.fromkeys(("link", "joins", "join", "relationships", "relationship", "foreign_keys"), "write `links`"),
        **dict.fromkeys((*TO_SUBJECTS, "user_id", "account_id"), "put it under `links:`, such as `links: {user: user_id}`"),
        "format": "the file's name says its format",
    },
)


def _entities(named: dict[str, tuple[_Unnamed, Span]], _node: Node, reading: Reading) -> tuple[Entity, ...]:
    found = tuple(Entity(name, source, key, links, span) for name, ((source, key, links), span) in named.items())
    sound = [_check(entity, found, reading) for entity in found]
    if not all(sound):
        raise UnreadableError
    return found


def _check(entity: Entity, entities: tuple[Entity, ...], reading: Reading) -> bool:
    """Whether an entity's name can be one, and its links lead somewhere, each by one way only."""
    known = {one.name: one for one in entities}
    before = len(reading.issues)
    if entity.name in RESERVED:
        reading.report(
            "reserved", f"`{entity.name}` cannot be the name of an entity: it means something else", entity.span, "choose another"
        )
    twice = "declare the table a second time under another name, and link the two by that"
    for target in entity.links:
        if target == entity.name:
            reading.report("link", f"`{target}` is linked to itself", entity.span, twice)
        elif target not in known and target not in TO_SUBJECTS:
            hint = did_you_mean(target, [*TO_SUBJECTS, *(name for name in known if name != entity.name)])
            reading.report(
                "unknown-entity",
                f"`{entity.name}` is linked to `{target}`, which is no entity",
                entity.span,
                hint or "declare it beside this",
            )
        elif target in known and entity.name in known[target].links and entity.name < target:
            message = f"`{entity.name}` and `{target}` are linked to each other both ways, so that it is not clear which one is meant"
            reading.report("link", message, entity.span, f"take one of the two links out, or {twice}")
    return len(reading.issues) == before


ENTITIES: Shape[tuple[Entity, ...]] = ByName("a mapping of entities by their names", id_shape("an entity"), _ENTITY).then(_entities)
