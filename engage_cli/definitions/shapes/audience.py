"""The shape of an audience definition."""

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.paths import Path
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import ByForm, ListOf, Named, Shape
from engage_cli.definitions.shapes.condition import CONDITION
from engage_cli.definitions.shapes.event import EVENT_CONDITION
from engage_cli.definitions.shapes.key_rules import AtLeastOne
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, id_shape
from engage_cli.definitions.shapes.sync import refuse_twice, sync_key
from engage_cli.definitions.shapes.value import PATH
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.yaml_nodes import Node
from engage_cli.source import Span

_TRAITS = ListOf(PATH, "a list of traits, such as `[email, plan]`")
_TRAITS_KEY = Key("traits", _TRAITS, "Traits sent along.")


def _entity(name: str, node: Node, reading: Reading) -> tuple[str, Span]:
    reading.mention(Mentioned.ENTITY, name, node.span)
    return name, node.span


_ENTITIES_KEY = Key(
    "entities",
    ListOf(id_shape("an entity").then(_entity), "a list of entities, such as `[subscriptions]`"),
    "Entities of which the rows are sent along that made somebody a member.",
)
_With = tuple[tuple[Path, ...], tuple[tuple[str, Span], ...]]
"""The traits and the entities that are sent along."""
_WITH_MAPPING: Shape[_With] = Record(
    "`with`",
    [_TRAITS_KEY, _ENTITIES_KEY],
    lambda fields, _: (fields.get(_TRAITS_KEY) or (), fields.get(_ENTITIES_KEY) or ()),
    rules=[AtLeastOne(("traits", "entities"), "`with` names nothing", "add `traits: [email]`, or leave `with` out")],
)
_WITH_SHAPE: Shape[_With] = ByForm(
    "a list of traits, such as `[email, plan]`", sequence=_TRAITS.then(lambda traits, _node, _reading: (traits, ())), mapping=_WITH_MAPPING
)

_AUDIENCE = Key("audience", id_shape("an audience"), "The audience's id.", required=True)
_DESCRIPTION = Key("description", TextShape(), "What the audience is for, in a sentence.")
_OF = Key("of", Choice("what its members are", {one.value: one for one in Subject}), "What its members are: users (default) or accounts.")
_MEMBERS = Key("members", CONDITION, "Who is a member.", required=True)
_ANONYMOUS = Key(
    "anonymous",
    Choice("who can be a member", {"exclude": False, "include": True}),
    "Whether people known only by an anonymous id can be members (`identity` of engage.yaml): exclude (default) or include.",
)
_SYNC = sync_key("The destinations that get the changes of membership.")
_WITH = Key(
    "with",
    _WITH_SHAPE,
    "The traits that are sent along in outputs; `{traits: [..], entities: [..]}` also the rows that made somebody a member.",
)


def _audience(fields: Fields, reading: Reading) -> Audience:
    sync = fields.get(_SYNC) or ()
    refuse_twice(sync, reading)
    traits, entities = fields.get(_WITH) or ((), ())
    _check_traits(traits, fields, reading)
    _check_entities(entities, traits, reading)
    return Audience(
        name=fields[_AUDIENCE],
        description=fields.get(_DESCRIPTION) or "",
        members=fields[_MEMBERS],
        sync=tuple(name for name, _span in sync),
        with_traits=traits,
        span=fields.span(_AUDIENCE),
        sync_spans=tuple(span for _name, span in sync),
        of=fields.get(_OF) or Subject.USERS,
        with_anonymous=fields.get(_ANONYMOUS) or False,
        with_entities=tuple(name for name, _span in entities),
        with_entity_spans=tuple(span for _name, span in entities),
    )


def _check_entities(entities: tuple[tuple[str, Span], ...], traits: tuple[Path, ...], reading: Reading) -> None:
    names = [name for name, _span in entities]
    for at, (name, span) in enumerate(entities):
        if name in names[:at]:
            reading.report("duplicate", f"`{name}` stands twice in `with`", span, "keep one of the two")
        elif any(path.text.lower() == name for path in traits):
            message = f"`{name}` is a trait and an entity in `with`: they would have one name in the files"
            reading.report("duplicate", message, span, "leave one of the two out")


def _check_traits(traits: tuple[Path, ...], fields: Fields, reading: Reading) -> None:
    for path in traits:
        if path.has_each:
            reading.report(
                "impossible",
                f"`{path}` is many values; a trait sent along is one",
                fields.span(_WITH),
                f"write `{path.name}` for the whole list",
            )
    for at, path in enumerate(traits):
        if path in traits[:at]:
            reading.report("duplicate", f"`{path}` stands twice in `with`", fields.span(_WITH), "keep one of the two")


AUDIENCE: Shape[Audience] = Named(
    "audience",
    "an audience",
    lambda: Record(
        "an audience",
        [_AUDIENCE, _DESCRIPTION, _OF, _MEMBERS, _ANONYMOUS, _SYNC, _WITH],
        _audience,
        description="A named set of users, or of accounts.",
        hints={
            **dict.fromkeys((key.name for key in EVENT_CONDITION.keys), "put the condition under `members:`"),
            **dict.fromkeys(("where", "condition", "conditions", "when", "if", "filter", "definition"), "write `members`"),
            **dict.fromkeys(
                ("all", "any", "none", "not", "event", "trait", "sequence", "sql", "random", "everyone"),
                "put the condition under `members:`",
            ),
            **dict.fromkeys(("name", "id", "title"), "the id stands after `audience:`, words for people in `description`"),
            **dict.fromkeys(("destinations", "destination", "export"), "write `sync`"),
            **dict.fromkeys(("traits", "columns"), "write `with`"),
        },
    ),
)
