"""A condition is asked of the kind of subject that it is about: users, or accounts."""

from collections.abc import Iterator, Mapping

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast_walk import conditions_of as conditions_of_broadcast
from engage_cli.definitions.condition_walk import leaves_of, quantifiers_of, references_in
from engage_cli.definitions.conditions import (
    AllOf,
    AnyOf,
    Condition,
    ContextIs,
    EventDone,
    HasConsent,
    InAudience,
    JourneyState,
    MessageMade,
    NoneOf,
    Not,
    Quantified,
    Quantifier,
    SequenceDone,
    TraitIs,
)
from engage_cli.definitions.journey_walk import AskedCondition, asked_by, conditions_of, references_asked
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait_references import referred_in, traits_of
from engage_cli.definitions.values import TraitRef
from engage_cli.source import Issue, Span


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every audience, quantifier and computed trait that stands where the other kind is meant, and accounts where there are none."""
    audiences = {name: audience.definition for name, audience in loaded.by_name().items()}
    known = _Known(audiences, {trait.name: trait.definition.of for trait in loaded.traits if trait.definition is not None})
    without_accounts = loaded.config is not None and not (loaded.config.sources.of("accounts") or loaded.config.sources.of("memberships"))
    for audience in loaded.audiences:
        if audience.definition is None:
            continue
        yield from known.misplaced(audience.definition.members, audience.definition.of)
        for path in audience.definition.with_traits:
            yield from known.judge(path.name, audience.definition.of, audience.definition.span, "take it out of `with`")
        if without_accounts:
            yield from _without_accounts(audience.definition)
    for trait in loaded.traits:
        if trait.definition is None:
            continue
        for name in traits_of(trait.definition):
            yield from known.judge(name, trait.definition.of, trait.definition.source_span, "give both the same `of`")
        if without_accounts and trait.definition.of is Subject.ACCOUNTS:
            yield _no_accounts(trait.definition.span)
    for journey in loaded.sound_journeys().values():
        for condition in conditions_of(journey):
            yield from known.misplaced(condition, Subject.USERS)
            yield from _tied_inside(condition)
            if without_accounts and (span := _first_quantifier(condition)) is not None:
                yield _no_accounts(span)
        for asked in asked_by(journey):
            for reference, span in () if isinstance(asked, AskedCondition) else references_asked(asked):
                if isinstance(reference, TraitRef):
                    yield from known.judge(reference.path.name, Subject.USERS, span)
    for broadcast in loaded.sound_broadcasts().values():
        for condition in conditions_of_broadcast(broadcast).values():
            yield from known.misplaced(condition, Subject.USERS)
            if without_accounts and (span := _first_quantifier(condition)) is not None:
                yield _no_accounts(span)
        for reference, span in references_in(broadcast.goal.on.where) if broadcast.goal is not None else ():
            if isinstance(reference, TraitRef):
                yield from known.judge(reference.path.name, Subject.USERS, span)


class _Known:
    """The audiences and computed traits of a project, by name."""

    def __init__(self, audiences: Mapping[str, Audience | None], traits: Mapping[str, Subject]) -> None:
        self.audiences = audiences
        self.traits = traits

    def misplaced(self, condition: Condition, of: Subject) -> Iterator[Issue]:
        """What a condition that is asked of a kind of subject asks of the other."""
        match condition:
            case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
                for part in parts:
                    yield from self.misplaced(part, of)
                return
            case Not(part):
                yield from self.misplaced(part, of)
                return
            case InAudience(name, span):
                named = self.audiences.get(name)
                if named is not None and named.of is not of:
                    yield Issue(
                        "other-subject",
                        f"`{name}` is an audience of {named.of.value}, and this is asked of {of.value}",
                        span,
                        f"ask it of the {of.one}'s {of.other.value}: `any_{of.other.one}: {{audience: {name}}}`",
                    )
            case TraitIs(path, span=span):
                yield from self.judge(path.name, of, span)
            case HasConsent(span=span) if of is Subject.ACCOUNTS:
                message = "`consent` is asked of users, and this of accounts"
                yield Issue("other-subject", message, span, "ask it of the account's users: `any_user: {consent: {channel: email}}`")
            case MessageMade(span=span) | JourneyState(span=span) if of is Subject.ACCOUNTS:
                kind = "message" if isinstance(condition, MessageMade) else "journey"
                example = "{message: {journey: carts}}" if kind == "message" else "{journey: carts}"
                message = f"`{kind}` is asked of users, and this of accounts"
                yield Issue("other-subject", message, span, f"ask it of the account's users: `any_user: {example}`")
            case Quantified(quantifier, part, span):
                if quantifier.of is of:
                    message = f"`{quantifier.value}` is asked of {of.other.value}, and this of {of.value}"
                    yield Issue("other-subject", message, span, _instead(quantifier))
                    return
                yield from self.misplaced(part, quantifier.of)
        for name in referred_in(condition):
            yield from self.judge(name, of, condition.span)

    def judge(self, trait: str, of: Subject, span: Span, remedy: str | None = None) -> Iterator[Issue]:
        """The issue of a computed trait of the one kind that is asked of the other."""
        if self.traits.get(trait, of) is not of:
            message = f"`{trait}` is a computed trait of {of.other.value}, and this is asked of {of.value}"
            hint = f"ask it of the {of.one}'s {of.other.value}: `any_{of.other.one}: {{trait: {trait}, …}}`"
            yield Issue("other-subject", message, span, remedy or hint)


def _tied_inside(condition: Condition) -> Iterator[Issue]:
    """What is tied to the instance inside a quantifier, which asks about others than the person in the journey."""
    seen: set[Condition] = set()
    for quantified in quantifiers_of(condition):
        for leaf in leaves_of(quantified.part):
            if leaf in seen:
                continue
            seen.add(leaf)
            match leaf:
                case EventDone(match=match, since=since) | SequenceDone(match=match, since=since) if match is not None or since is not None:
                    what = "`match`" if match is not None else "`since`"
                case ContextIs():
                    what = "`context`"
                case _:
                    continue
            message = f"{what} ties to the instance of the user, and `{quantified.quantifier.value}` asks about others"
            yield Issue("other-subject", message, leaf.span, "ask it outside the quantifier")


def _instead(quantifier: Quantifier) -> str:
    """What to write where a quantifier stands in a condition of its own kind of subject."""
    if quantifier.of is Subject.USERS:
        return "in an audience of accounts (`of: accounts`) it asks about their users; here put the condition itself"
    return "in an audience of users it asks about their accounts; here put the condition itself"


def _without_accounts(audience: Audience) -> Iterator[Issue]:
    span = audience.span if audience.of is Subject.ACCOUNTS else _first_quantifier(audience.members)
    if span is not None:
        yield _no_accounts(span)


def _no_accounts(span: Span) -> Issue:
    hint = "add `accounts:` or `memberships:` under `sources:` in engage.yaml"
    return Issue("no-accounts", "the project has no source of accounts", span, hint)


def _first_quantifier(condition: Condition) -> Span | None:
    match condition:
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            return next((span for part in parts if (span := _first_quantifier(part)) is not None), None)
        case Not(part):
            return _first_quantifier(part)
        case Quantified(span=span):
            return span
        case _:
            return None
