"""Definitions back to YAML: canonical text that reads back to an equal model, but for the places."""

from decimal import Decimal
from typing import assert_never

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.conditions import (
    AllOf,
    AnyOf,
    Ask,
    BetweenAgo,
    Condition,
    ContextIs,
    Count,
    Days,
    Edge,
    EventDone,
    Everyone,
    FirstTime,
    HasConsent,
    HasEntity,
    InAudience,
    InPeriod,
    InShare,
    InSql,
    JourneySince,
    JourneyState,
    Measure,
    MessageMade,
    NoneOf,
    Not,
    Order,
    Quantified,
    Range,
    Regularly,
    SequenceDone,
    Step,
    TraitIs,
    Window,
    Within,
)
from engage_cli.definitions.paths import Path
from engage_cli.definitions.printing_where import comparison_tree, operators_tree, value_tree, where_tree
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Compute, Expressed, FromSql, OfEvents, Rfm, Trait
from engage_cli.definitions.yaml_printer import Token, Tree, print_tree

Mapping = dict[str, Tree]


def print_audience(audience: Audience) -> str:
    """The YAML text of a definition."""
    tree: Mapping = {"audience": audience.name}
    if audience.description:
        tree["description"] = audience.description
    if audience.of is not Subject.USERS:
        tree["of"] = audience.of.value
    tree["members"] = condition_tree(audience.members)
    if audience.with_anonymous:
        tree["anonymous"] = "include"
    if audience.sync:
        tree["sync"] = list(audience.sync)
    if audience.with_traits or audience.with_entities:
        tree["with"] = _with(audience)
    return print_tree(tree)


def _with(audience: Audience) -> Tree:
    traits: list[Tree] = [path.text for path in audience.with_traits]
    if not audience.with_entities:
        return traits
    named: Mapping = {"traits": traits} if traits else {}
    return {**named, "entities": list(audience.with_entities)}


def print_trait(trait: Trait) -> str:
    """The YAML text of a definition."""
    tree: Mapping = {"trait": trait.name}
    if trait.description:
        tree["description"] = trait.description
    if trait.of is not Subject.USERS:
        tree["of"] = trait.of.value
    match trait.computation:
        case OfEvents() as of:
            tree |= {"compute": of.compute.value, **named_tree(of.names)}
            if of.property is not None:
                tree["property"] = of.property.text
            if of.where != ALWAYS:
                tree["where"] = where_tree(of.where)
            tree |= _window(of.window)
            if of.session is not None:
                tree["session"] = str(of.session)
            if of.compute is Compute.MOST_FREQUENT and of.at_least != 2:
                tree["at_least"] = Token(str(of.at_least))
        case Expressed(text):
            tree["expression"] = text
        case FromSql(text):
            tree["sql"] = text
        case Rfm(names, path, where, window):
            inside = {**named_tree(names), "property": path.text}
            if where != ALWAYS:
                inside["where"] = where_tree(where)
            tree["rfm"] = {**inside, **_window(window)}
    if trait.default is not None:
        tree["default"] = value_tree(trait.default)
    if trait.sync:
        tree["sync"] = list(trait.sync)
    return print_tree(tree)


def print_condition(condition: Condition) -> str:
    """The YAML text of a condition."""
    return print_tree(condition_tree(condition))


def condition_tree(condition: Condition) -> Mapping:
    """A condition as the plain tree that its YAML is."""
    match condition:
        case AllOf():
            return {"all": [condition_tree(part) for part in condition.parts]}
        case AnyOf():
            return {"any": [condition_tree(part) for part in condition.parts]}
        case NoneOf():
            return {"none": [condition_tree(part) for part in condition.parts]}
        case Not():
            return {"not": condition_tree(condition.part)}
        case Everyone():
            return {"everyone": Token("true")}
        case TraitIs():
            return {"trait": condition.path.text, **operators_tree(condition.comparison)}
        case EventDone():
            return _event(condition)
        case SequenceDone():
            return _sequence(condition)
        case InAudience():
            return {"audience": condition.name}
        case InShare():
            return {"random": _share(condition)}
        case InSql():
            return {"sql": condition.text}
        case Quantified():
            return {condition.quantifier.value: condition_tree(condition.part)}
        case HasConsent():
            return {"consent": _consent(condition)}
        case ContextIs():
            return {"context": condition.path.text, **operators_tree(condition.comparison)}
        case MessageMade():
            return {"message": _message(condition), **_window(condition.window)}
        case JourneyState():
            return {"journey": condition.journey, "status": condition.status, **_window(condition.window)}
        case HasEntity():
            return _entity(condition)
        case _:
            assert_never(condition)


def _share(share: InShare) -> Mapping:
    tree: Mapping = {"percent": percent_tree(share.percent_millionths)}
    if share.salt is not None:
        tree["salt"] = share.salt
    return tree


def percent_tree(millionths: int) -> Token:
    """An exact percentage."""
    return Token(f"{Decimal(millionths).scaleb(-6).normalize():f}")


def _consent(consent: HasConsent) -> Mapping:
    words = [status.value for status in consent.statuses]
    group: Mapping = {} if consent.group is None else {"group": consent.group}
    return {"channel": consent.channel, **group, "status": words[0] if len(words) == 1 else list(words)}


def _message(message: MessageMade) -> Mapping:
    journey: Mapping = {} if message.journey is None else {"journey": message.journey}
    return {**journey, message.of.value: message.name, "status": message.status.value}


def _entity(asked: HasEntity) -> Mapping:
    tree: Mapping = {"entity": asked.entity}
    if asked.where != ALWAYS:
        tree["where"] = where_tree(asked.where)
    if asked.has is not None:
        tree["has"] = condition_tree(asked.has)
    return tree | _ask(asked.ask)


# ---- events --------------------------------------------------------------------------------------------------------


def _event(done: EventDone) -> Mapping:
    tree = named_tree(done.names)
    if done.where != ALWAYS:
        tree["where"] = where_tree(done.where)
    tied = _tied(done.match, done.since)
    return {**tree, **tied, **_window(done.window), **_first_time(done.first_time), **_ask(done.ask)}


def _tied(match: Path | None, since: JourneySince | None) -> Mapping:
    """What ties events to a journey's instance."""
    tree: Mapping = {} if match is None else {"match": match.text}
    if since is not None:
        tree["since"] = "entry" if since.step is None else {"step": since.step}
    return tree


def named_tree(names: tuple[str, ...]) -> Mapping:
    """The event that has one of these names."""
    return {"event": names[0] if len(names) == 1 else list(names)}


def _window(window: Window) -> Mapping:
    match window:
        case None:
            return {}
        case Within(duration):
            return {"within": str(duration)}
        case BetweenAgo(far, near):
            return {"between_ago": [str(far), str(near)]}
        case InPeriod(period):
            return {"period": period.value}
        case Range(since, until):
            bounds = {"since": since, "until": until}
            return {name: value_tree(bound) for name, bound in bounds.items() if bound is not None}
        case _:
            assert_never(window)


def _first_time(first_time: FirstTime | None) -> Mapping:
    match first_time:
        case None:
            return {}
        case FirstTime.BY_WHERE:
            return {"first_time": Token("true")}
        case FirstTime.BY_NAME:
            return {"first_time": "by_name"}
        case _:
            assert_never(first_time)


def _ask(ask: Ask) -> Mapping:
    match ask:
        case None:
            return {}
        case Count(comparison):
            return {"count": comparison_tree(comparison)}
        case Days(comparison):
            return {"days": comparison_tree(comparison)}
        case Measure():
            return {ask.aggregate.value: {"property": ask.path.text, **operators_tree(ask.comparison)}}
        case Edge():
            return {"latest" if ask.latest else "earliest": where_tree(ask.where)}
        case Regularly():
            stretches: Mapping = {"every": str(ask.every), "at_least": Token(str(ask.at_least)), "of_last": Token(str(ask.of_last))}
            count: Mapping = {} if ask.comparison is None else {"count": comparison_tree(ask.comparison)}
            return {"regularly": stretches, **count}
        case _:
            assert_never(ask)


# ---- sequences -----------------------------------------------------------------------------------------------------


def _sequence(done: SequenceDone) -> Mapping:
    tree: Mapping = {"sequence": [_step(step, settled=done.settled) for step in done.steps]}
    tree |= {**_tied(done.match, done.since), **_window(done.window)}
    if done.order is not Order.THEN:
        tree["order"] = done.order.value
    if done.at_least is not None:
        tree["at_least"] = Token(str(done.at_least))
    if done.duration is not None:
        tree["span"] = str(done.duration)
    if done.without:
        tree["without"] = [_bare_event(step) for step in done.without]
    return tree


def _step(step: Step, *, settled: bool) -> Mapping:
    if step.negated:
        tree: Mapping = {"not": _bare_event(step)}
    else:
        tree = _bare_event(step) | _first_time(step.first_time)
    if step.alias is not None:
        tree["as"] = step.alias
    if step.within is not None:
        tree["within"] = str(step.within)
        if step.negated and settled:
            tree["settled"] = Token("true")
    return tree


def _bare_event(step: Step) -> Mapping:
    tree = named_tree(step.names)
    if step.where != ALWAYS:
        tree["where"] = where_tree(step.where)
    return tree
