"""Entities that conditions ask about are declared and linked with what they are asked of, at most so many levels deep."""

from collections.abc import Iterator, Mapping

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast_walk import conditions_of as conditions_of_broadcast
from engage_cli.definitions.condition_walk import subjects_of_leaves
from engage_cli.definitions.conditions import AllOf, AnyOf, Condition, HasEntity, InAudience
from engage_cli.definitions.entity_walk import rows_asked_for
from engage_cli.definitions.journey_walk import conditions_of
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.project import Entity
from engage_cli.definitions.reading import Mentioned
from engage_cli.definitions.subjects import Subject
from engage_cli.source import Issue, did_you_mean

MAX_LEVELS = 6


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every mention of an entity that is not declared, and every condition on one that cannot be asked where it stands.

    Nothing is known where engage.yaml could not be read.
    """
    if loaded.config is None:
        return
    entities = {entity.name: entity for entity in loaded.config.sources.entities}
    for mention in loaded.mentioned(Mentioned.ENTITY):
        if mention.name not in entities:
            hint = did_you_mean(mention.name, entities) or "declare it under `entities:` of `sources:` in engage.yaml"
            yield Issue("unknown-entity", f"there is no entity `{mention.name}`", mention.span, hint)
    for audience in loaded.audiences:
        if audience.definition is not None:
            yield from _misplaced(audience.definition.members, audience.definition.of, entities)
    for journey in loaded.sound_journeys().values():
        for condition in conditions_of(journey):
            yield from _misplaced(condition, Subject.USERS, entities)
    for broadcast in loaded.sound_broadcasts().values():
        for condition in conditions_of_broadcast(broadcast).values():
            yield from _misplaced(condition, Subject.USERS, entities)
    audiences = {name: audience.definition for name, audience in loaded.by_name().items()}
    for definition in audiences.values():
        if definition is not None:
            yield from _not_asked_for(definition, audiences, entities)


def _misplaced(condition: Condition, of: Subject, entities: Mapping[str, Entity]) -> Iterator[Issue]:
    for kind, leaf in subjects_of_leaves(condition, of):
        if not isinstance(leaf, HasEntity):
            continue
        if leaf.entity in entities and kind.one not in entities[leaf.entity].links:
            message = f"`{leaf.entity}` is not linked to {kind.value}"
            yield Issue("not-linked", message, leaf.span, _way(leaf.entity, kind, entities))
        yield from _misplaced_inside(leaf, entities, 1)


def _misplaced_inside(outer: HasEntity, entities: Mapping[str, Entity], level: int) -> Iterator[Issue]:
    for inner in rows_asked_for(outer.has):
        if level == MAX_LEVELS:
            message = f"`entity` conditions stand in each other more than {MAX_LEVELS} levels deep"
            yield Issue("too-deep", message, inner.span, "ask about fewer tables, or put what is between into one table")
            continue
        known = outer.entity in entities and inner.entity in entities
        if known and not linked(entities[outer.entity], entities[inner.entity]):
            near = [one.name for one in entities.values() if linked(one, entities[outer.entity])]
            listed = f"`{outer.entity}` is linked with {', '.join(f'`{name}`' for name in near)}" if near else None
            message = f"`{inner.entity}` and `{outer.entity}` are not linked with each other"
            yield Issue(
                "not-linked",
                message,
                inner.span,
                listed or f"add it to the `links` of one of the two in {entities[outer.entity].span.file}",
            )
        yield from _misplaced_inside(inner, entities, level + 1)


def linked(one: Entity, other: Entity) -> bool:
    """Whether rows of one entity are linked with those of the other, whichever of the two says so."""
    return other.name in one.links or one.name in other.links


def _way(name: str, of: Subject, entities: Mapping[str, Entity]) -> str:
    """What to do about an entity that is not linked to what it is asked of."""
    if of.other.one in entities[name].links:
        return f"it is linked to {of.other.value}: `any_{of.other.one}: {{entity: {name}, …}}`"
    for between in entities.values():
        if of.one in between.links and linked(between, entities[name]):
            return f"ask for it by way of `{between.name}`: `{{entity: {between.name}, has: {{entity: {name}, …}}}}`"
    return f"say in engage.yaml which column links it: `links: {{{of.one}: {of.id_name}}}`"


# ---- what is sent along --------------------------------------------------------------------------------------------


def _not_asked_for(audience: Audience, audiences: Mapping[str, Audience | None], entities: Mapping[str, Entity]) -> Iterator[Issue]:
    """Entities in `with` of which no row can qualify anybody."""
    wanted = [(name, span) for name, span in zip(audience.with_entities, audience.with_entity_spans, strict=True) if name in entities]
    found = set(_qualifying(audience.members, audiences)) if wanted else set()
    for name, span in wanted:
        if name not in found:
            message = f"no condition of `{audience.name}` asks for rows of `{name}`, so that there are none to send along"
            listed = f"it asks for {', '.join(f'`{one}`' for one in sorted(found))}" if found else None
            yield Issue("not-asked", message, span, listed or f"put `{{entity: {name}, …}}` among its `members`, not under `not` or `none`")


def _qualifying(condition: Condition, audiences: Mapping[str, Audience | None]) -> Iterator[str]:
    """The entities of which rows can qualify a member: those asked for anywhere but under `not`, `none` and quantifiers."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _qualifying(part, audiences)
        case InAudience(name):
            named = audiences.get(name)
            if named is not None:
                yield from _qualifying(named.members, {**audiences, name: None})
        case HasEntity(entity, has=has):
            yield entity
            if has is not None:
                yield from _qualifying(has, audiences)
