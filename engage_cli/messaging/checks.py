"""What is wrong with templates before anything is sent: for `engage check`, and for whoever compiles campaigns."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from jinja2 import nodes
from msgspec import Struct

from engage_cli.definitions.template import Phrase, TemplateFile, TemplateKind
from engage_cli.messaging.environment import Sandbox
from engage_cli.messaging.flatten import BadTemplateError, Flattener
from engage_cli.messaging.formats import Formats
from engage_cli.messaging.limits import Budget
from engage_cli.messaging.names import Found, Known
from engage_cli.messaging.places import Part, Places
from engage_cli.messaging.template import EMAIL, MessageTemplate
from engage_cli.messaging.walk import Walker
from engage_cli.records import replace
from engage_cli.source import InvalidError, Issue, Severity, Span, did_you_mean

OPT_OUT = re.compile(r"\b(?:STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPT-?OUT|ARRET)\b|(?i:\bopt[ -]?out\b|\bunsubscribe\b)")
"""The words that end a subscription in answer to an SMS, as carriers and providers (Twilio, AWS) take them, and words that speak of it."""

_TRANSACTIONAL = "a message that is no marketing is sent with `category: transactional`"
_LINKS = ("unsubscribe_url", "preferences_url")


class Use(Struct, frozen=True):
    """A campaign that sends a template. `context` are the names that the journey's context has, None where it has none or any.

    `span` is where the campaign names the template, `subject` what it says in place of the template's own.
    """

    template: str
    channel: str
    span: Span
    marketing: bool = True
    subject: Phrase | None = None
    context: frozenset[str] | None = None


def check_templates(templates: Mapping[str, MessageTemplate], uses: Sequence[Use], known: Known) -> list[Issue]:
    """Every mistake of every template, each once, by place.

    A template that no campaign uses is judged as if one of marketing did, in warnings.
    """
    issues: dict[Issue, None] = {}
    for use in uses:
        if use.template not in templates:
            hint = did_you_mean(use.template, templates) or "templates are files in campaigns/templates/"
            issues[Issue("unknown-template", f"there is no template `{use.template}`", use.span, hint)] = None
    for name, template in templates.items():
        issues.update(dict.fromkeys(check_template(template, [use for use in uses if use.template == name], known)))
    return sorted(issues, key=lambda issue: (issue.span is None, issue.span or _NOWHERE))


_NOWHERE = Span("", 0, 0, 0, 0)


def check_template(template: MessageTemplate, uses: Sequence[Use], known: Known) -> Iterator[Issue]:
    """The mistakes of one template, in all its languages."""
    contexts = [use.context for use in uses]
    if contexts and all(context is not None for context in contexts):
        shared = frozenset.intersection(*(context for context in contexts if context is not None))
        known = replace(known, context=shared)
    yield from _languages(template)
    for file in template.template.files:
        seen = _look(template, file, known)
        yield from seen.issues
        if not seen.is_whole:
            continue
        yield from _compiled(template, file)
        for channel in _channels(file, template):
            yield from _ways_out(file, channel, seen, [use for use in uses if use.channel == channel], is_used=bool(uses))
    yield from _uses(template, uses, known)


def values_used(template: MessageTemplate, phrases: Iterable[Phrase] = ()) -> frozenset[tuple[str, ...]]:
    """The values of data that a template uses in any of its languages, each by its names: what must be fetched to render it.

    `phrases` are what campaigns say in place of its front matter.
    """
    looks = [_look(template, file, Known(), phrase) for file in template.template.files for phrase in (None, *phrases)]
    return frozenset().union(*(look.found.paths for look in looks))


# ---- one file ------------------------------------------------------------------------------------------------------


class _Look(Struct, frozen=True):
    """What a file was found to be. Not `is_whole`: its syntax is wrong, and the rest unknown."""

    issues: tuple[Issue, ...]
    found: Found
    text: str = ""
    """All that it says itself."""
    is_whole: bool = True


def _look(template: MessageTemplate, file: TemplateFile, known: Known, subject: Phrase | None = None) -> _Look:
    flattener = _flattener(template, file)
    walker = Walker(known, flattener.places)
    said: list[str] = []
    front = file.front
    phrases = [one for one in (subject, front.subject, front.sender, front.reply_to, front.preheader, front.text) if one is not None]
    parts = [*(Part(phrase.span.file, phrase.text, phrase.line) for phrase in phrases), Part(file.path, file.body, file.line)]
    try:
        for part in parts:
            body = flattener.flatten(part)
            walker.walk(body)
            said += [data.data for data in nodes.Template(body).find_all(nodes.TemplateData)]
    except BadTemplateError as error:
        return _Look((error.issue,), walker.found, is_whole=False)
    return _Look(tuple(walker.issues), walker.found, "\n".join(said))


def _flattener(template: MessageTemplate, file: TemplateFile) -> Flattener:
    sandbox = Sandbox(Formats(UTC), Budget(), autoescape=False)
    language = file.language or template.messaging.language.default
    return Flattener(sandbox, template.parts, language, Places(template.sources))


def _compiled(template: MessageTemplate, file: TemplateFile) -> Iterator[Issue]:
    """What only compiling finds: HTML and MJML in which values would be lost."""
    for channel in _channels(file, template):
        try:
            template.compile(channel, file.language)
        except InvalidError as error:
            yield from error.issues


def _channels(file: TemplateFile, template: MessageTemplate) -> list[str]:
    """The kinds of channel that a file is for: `sms` stands for all of plain text."""
    if file.kind is not TemplateKind.TEXT:
        return [EMAIL]
    has_markup = bool(template.template.of(TemplateKind.HTML, TemplateKind.MJML))
    return ["sms"] if has_markup or file.front.subject is None else ["sms", EMAIL]


# ---- the way out ---------------------------------------------------------------------------------------------------


def _ways_out(file: TemplateFile, channel: str, seen: _Look, uses: Sequence[Use], *, is_used: bool) -> Iterator[Issue]:
    """A marketing message says how to get no more of them."""
    if is_used and not any(use.marketing for use in uses):
        return
    has_link = bool(seen.found.roots.intersection(_LINKS))
    severity = Severity.ERROR if uses else Severity.WARNING
    place = Span(file.path, file.line, 1, file.line, 1)
    if channel == EMAIL and not has_link:
        message = "a marketing email needs a link to unsubscribe, and this one has none"
        hint = (
            'write `<a href="{{ unsubscribe_url }}">Unsubscribe</a>`; a message that is no marketing is sent with `category: transactional`'
        )
        yield Issue("no-unsubscribe", message, place, hint, severity)
    elif channel == "sms" and not has_link and not OPT_OUT.search(seen.text):
        message = "a marketing SMS says how to opt out, and this one does not"
        hint = f"add `Reply STOP to opt out`; {_TRANSACTIONAL}"
        yield Issue("no-opt-out", message, place, hint, severity)


# ---- all of a message ----------------------------------------------------------------------------------------------


def _languages(template: MessageTemplate) -> Iterator[Issue]:
    """There is a file for those whose language is none of those it is written in."""
    default = template.messaging.language.default
    for kinds in ((TemplateKind.HTML, TemplateKind.MJML), (TemplateKind.TEXT,)):
        files = template.template.of(*kinds)
        if files and not any(file.language in (None, default) for file in files):
            named = " and ".join(f"`{file.language}`" for file in files)
            first = files[0]
            hint = f"name the one for all others {template.name}.{first.kind.value}"
            message = f"the template `{template.name}` is written in {named} only, and in nothing for everybody else"
            yield Issue("no-default-language", message, Span(first.path, 1, 1, 1, 1), hint)


def _uses(template: MessageTemplate, uses: Iterable[Use], known: Known) -> Iterator[Issue]:
    """What campaigns ask of a template that it does not have, and mistakes of the subjects that they give it."""
    for use in uses:
        if not template.takes(use.channel):
            hint = f"write campaigns/templates/{template.name}.txt" if use.channel != EMAIL else None
            yield Issue("no-text", f"the template `{template.name}` has no text for {use.channel}", use.span, hint)
            continue
        if use.channel != EMAIL:
            continue
        files = template.template.of(TemplateKind.HTML, TemplateKind.MJML) or template.template.of(TemplateKind.TEXT)
        for file in files if use.subject is None else ():
            if file.front.subject is None:
                yield Issue(
                    "no-subject", f"an email needs a subject, and {file.path} has none", use.span, "write `subject:` in either place"
                )
        if use.subject is not None:
            own = replace(files[0], front=replace(files[0].front, subject=None))
            yield from (
                issue for issue in _look(template, own, known, use.subject).issues if issue.span and issue.span.file == use.span.file
            )
    for file in template.template.of(TemplateKind.HTML, TemplateKind.MJML) if not list(uses) else ():
        if file.front.subject is None:
            message, hint = "an email needs a subject, and this one has none", 'write `subject: "…"` between two lines `---` at the top'
            yield Issue("no-subject", message, Span(file.path, 1, 1, 1, 1), hint, Severity.WARNING)
