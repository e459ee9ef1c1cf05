"""A condition is asked of the kind of subject that it is about: users, or accounts."""

from collections.abc import Iterator

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.conditions import AllOf, AnyOf, Condition, HasConsent, InAudience, NoneOf, Not, Quantified, Quantifier, TraitIs
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.subjects import Subject
from engage_cli.source import Issue, Span


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every audience and every quantifier that stands where the other kind of subject is meant, and accounts where there are none."""
    known = {name: audience.definition for name, audience in loaded.by_name().items()}
    computed = {trait.name for trait in loaded.traits}
    for audience in loaded.audiences:
        if audience.definition is None:
            continue
        yield from _misplaced(audience.definition.members, audience.definition.of, known, computed)
        if loaded.config is not None and not (loaded.config.sources.of("accounts") or loaded.config.sources.of("memberships")):
            yield from _without_accounts(audience.definition)


def _misplaced(condition: Condition, of: Subject, known: dict[str, Audience | None], computed: set[str]) -> Iterator[Issue]:
    match condition:
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from _misplaced(part, of, known, computed)
        case Not(part):
            yield from _misplaced(part, of, known, computed)
        case InAudience(name, span):
            named = known.get(name)
            if named is not None and named.of is not of:
                yield Issue(
                    "other-subject",
                    f"`{name}` is an audience of {named.of.value}, and this is asked of {of.value}",
                    span,
                    f"ask it of the {of.one}'s {of.other.value}: `any_{of.other.one}: {{audience: {name}}}`",
                )
        case TraitIs(path, span=span) if of is Subject.ACCOUNTS and path.name in computed:
            message = f"`{path.name}` is a computed trait of users, and this is asked of accounts"
            yield Issue("other-subject", message, span, f"ask it of the account's users: `any_user: {{trait: {path.name}, …}}`")
        case HasConsent(span=span) if of is Subject.ACCOUNTS:
            message = "`consent` is asked of users, and this of accounts"
            yield Issue("other-subject", message, span, "ask it of the account's users: `any_user: {consent: {channel: email}}`")
        case Quantified(quantifier, part, span):
            if quantifier.of is of:
                message = f"`{quantifier.value}` is asked of {of.other.value}, and this of {of.value}"
                yield Issue("other-subject", message, span, _instead(quantifier))
                return
            yield from _misplaced(part, quantifier.of, known, computed)
        case _:
            return


def _instead(quantifier: Quantifier) -> str:
    """What to write where a quantifier stands in a condition of its own kind of subject."""
    if quantifier.of is Subject.USERS:
        return "in an audience of accounts (`of: accounts`) it asks about their users; here put the condition itself"
    return "in an audience of users it asks about their accounts; here put the condition itself"


def _without_accounts(audience: Audience) -> Iterator[Issue]:
    span = audience.span if audience.of is Subject.ACCOUNTS else _first_quantifier(audience.members)
    if span is not None:
        hint = "add `accounts:` or `memberships:` under `sources:` in engage.yaml"
        yield Issue("no-accounts", "the project has no source of accounts", span, hint)


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
