"""`template preview`, and what `check` finds in templates: messages seen before anybody gets them."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from engage_cli import files
from engage_cli.definitions.journey_steps import Category, Send
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.template import Phrase, TemplateKind
from engage_cli.definitions.trait import is_never_missing
from engage_cli.errors import EngageError, UsageError
from engage_cli.messaging.addresses import addresses_of
from engage_cli.messaging.checks import Use, check_templates, values_used
from engage_cli.messaging.formats import zone_of
from engage_cli.messaging.names import URLS, Known
from engage_cli.messaging.policy.links import filled
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.renderer import Rendered, Variables
from engage_cli.messaging.sms import measure
from engage_cli.messaging.template import EMAIL, MessageTemplate, load_templates
from engage_cli.messaging.unsubscribe import Subscription, keys_of, sign
from engage_cli.plan.needs import Reading
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.loose_files import file_name_of
from engage_cli.service.mentions import context_events
from engage_cli.service.progress import Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.results.templates import TemplatePreview
from engage_cli.service.template_linked import linked_to
from engage_cli.service.traits import plan_traits, values_query
from engage_cli.service.workspace import engine_for, load, report_of, stage
from engage_cli.source import Issue, Severity, Span, did_you_mean, visible

PREVIEWS = "previews"
_GMAIL = 102_000
"""Bytes of HTML; behind them Gmail shows a link to the rest."""


def template_issues(project: Project, *, profile: frozenset[str] | None, account: frozenset[str] | None) -> list[Issue]:
    """The mistakes of all templates. `profile` and `account` are the traits that there are, None where the data was not read."""
    urls = project.config.messaging.urls
    known = Known(
        profile=profile,
        account=account,
        always=frozenset(name for name, trait in project.traits.items() if trait.of is Subject.USERS and is_never_missing(trait)),
        urls=frozenset(name for name in URLS.values() if getattr(urls, name) is not None),
    )
    templates = load_templates(project)
    return check_templates(templates, [use for use in _uses(project) if use.template in templates], known)


def consent_issues(project: Project) -> list[Issue]:
    """A warning where marketing messages are sent, and nobody can have consented to any: there are no consents at all."""
    marketing = [use for use in _uses(project) if use.marketing]
    if project.config.sources.consents or not marketing:
        return []
    message = "the project has no consents, so nobody is subscribed and no marketing message is sent"
    hint = "declare `consents` under `sources`, or import them with `engage consent import`; `category: transactional` asks for none"
    return [Issue("no-consents", message, min(use.span for use in marketing), hint, Severity.WARNING)]


def _uses(project: Project) -> list[Use]:
    """Every step of a journey that sends a template, and every message of a broadcast. That it exists is a rule of the definitions."""
    return [*_sent_by_journeys(project), *_sent_by_broadcasts(project)]


def _sent_by_broadcasts(project: Project) -> list[Use]:
    """Broadcasts have no context: nothing entered."""
    return [
        _use(send, (send.template == broadcast.template and broadcast.template_span) or send.span, frozenset())
        for broadcast in project.broadcasts.values()
        for send in broadcast.messages
    ]


def _sent_by_journeys(project: Project) -> list[Use]:
    return [
        _use(step, step.span, frozenset(context_events(journey)))
        for journey in project.journeys.values()
        for step in journey.all_steps()
        if isinstance(step, Send)
    ]


def _use(send: Send, span: Span, context: frozenset[str]) -> Use:
    return Use(
        send.template,
        send.channel,
        span,
        marketing=send.category is Category.MARKETING,
        subject=None if send.subject is None else Phrase(send.subject, send.span.line, send.span),
        context=context,
    )


def preview(
    folder: Path,
    name: str,
    user: str,
    *,
    channel: str | None = None,
    language: str | None = None,
    context: Mapping[str, Any],
    as_of: datetime | None,
    progress: Progress,
) -> TemplatePreview:
    """Render a message for a user as of an instant, and write it under the outputs. `context` is what a journey would remember.

    Raises UsageError for an unknown template or user, InvalidError for mistakes of the template, EngageError where a value is missing.
    """
    project = load(folder)
    template = _chosen(load_templates(project), name)
    sent_by = channel or (EMAIL if template.template.of(TemplateKind.HTML, TemplateKind.MJML) else "sms")
    instant = resolve_as_of(as_of, project.config.timezone)
    profile, data = _profile(project, folder, template, user, sent_by, instant, progress)
    trait = project.config.messaging.language.trait
    spoken = language or (profile.get(trait.name) if trait is not None else None)
    renderer = template.compile(sent_by, spoken if isinstance(spoken, str) and spoken else None)
    own_zone = project.config.person_timezone and profile.get(project.config.person_timezone.name)
    variables = {"profile": profile, "context": context, "campaign": _campaign(name, sent_by), **_links(project, user, sent_by)}
    variables |= linked_to(project, folder, template, str(profile["user_id"]), instant)
    try:
        rendered = renderer.render(variables, zone=zone_of(own_zone) if isinstance(own_zone, str) else None, now=instant)
    except RenderError as error:
        hint = (
            "give what a journey would remember with --context, such as `--context entry.cart_id=c1`" if error.code == "missing" else None
        )
        raise EngageError(
            f"{error.place or name}: the message cannot be rendered for {visible(user)}: {error.message}", hint=hint
        ) from None
    address = project.config.messaging.channels[sent_by].address.name if sent_by in project.config.messaging.channels else None
    to = None if address is None else profile.get(address)
    return TemplatePreview(
        template=name,
        user=user,
        channel=sent_by,
        language=renderer.language,
        as_of=instant,
        to=to,
        unreachable=None if to is None or isinstance(to, list) else addresses_of(sent_by, [str(to)])[0].problem,
        sender=rendered.sender,
        reply_to=rendered.reply_to,
        subject=rendered.subject,
        text=rendered.text,
        sms=measure(rendered.text) if sent_by == "sms" else None,
        bytes=len((rendered.html or "").encode()),
        is_clipped=len((rendered.html or "").encode()) > _GMAIL,
        files=_written(project, folder, f"{name}.{sent_by}.{file_name_of(user)}", rendered),
        data=data,
    )


def _chosen(templates: Mapping[str, MessageTemplate], name: str) -> MessageTemplate:
    if name not in templates:
        hint = did_you_mean(name, templates) or "templates are files in campaigns/templates/, such as welcome.html"
        raise UsageError(f"there is no template `{visible(name)}`", hint=hint)
    return templates[name]


def _profile(
    project: Project, folder: Path, template: MessageTemplate, user: str, channel: str, instant: datetime, progress: Progress
) -> tuple[dict[str, Any], DataReport]:
    """The traits of the user that the message takes, and those that say how to write to them; missing ones are left out."""
    config = project.config
    channels = config.messaging.channels
    about = [config.person_timezone, config.messaging.language.trait, channels[channel].address if channel in channels else None]
    names = {path[1] for path in values_used(template) if path[0] == "profile"} | {path.name for path in about if path is not None}
    names -= {"user_id"}
    computed = sorted(name for name in names if name in project.traits and project.traits[name].of is Subject.USERS)
    asked = [*computed, *sorted(names - set(computed))]
    plan = plan_traits(project, asked, instant, frozenset({user}))
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=progress)
        canonical = staged.staging.known_as.get(user, user)
        rows = engine.rows(values_query(staged, asked, Subject.USERS, Reading.VALUE, only=canonical))
        report = report_of(staged.staging)
    if not rows:
        raise UsageError(f"`{visible(user)}` is in none of the sources", hint="give --user the id of somebody, as the sources write it")
    values = {name: json.loads(value) for name, value in zip(asked, rows[0][1:], strict=True) if value is not None}
    return {**values, "user_id": canonical}, report


def _campaign(name: str, channel: str) -> dict[str, Any]:
    """The campaign that a preview is of: none yet."""
    return {"kind": "journey", "name": "preview", "step": name, "channel": channel, "category": "marketing"}


def _links(project: Project, user: str, channel: str) -> Variables:
    """The addresses of the project's pages. Without a key in the environment their token is `preview`, which unsubscribes nobody."""
    urls = project.config.messaging.urls
    try:
        token = sign(Subscription(user, channel, None, None), keys_of(os.environ)[0])
    except EngageError:
        token = "preview"
    declared = {name: getattr(urls, key) for name, key in URLS.items()}
    return {name: filled(url, token, "preview") for name, url in declared.items() if url is not None}


def _written(project: Project, folder: Path, stem: str, rendered: Rendered) -> tuple[Path, ...]:
    """Write the parts of a message, replacing those of the preview before; their paths from the project's folder."""
    place = folder / project.config.outputs / PREVIEWS
    files.make_folder(place)
    written = []
    for end, text in (("html", rendered.html), ("txt", rendered.text)):
        if text is not None:
            path = place / f"{stem}.{end}"
            files.replace_text(path, text if text.endswith("\n") else f"{text}\n")
            written.append(path.relative_to(folder) if path.is_relative_to(folder) else path)
    return tuple(written)


def read_context(given: Sequence[str]) -> dict[str, Any]:
    """`entry.cart_total=12.5` as nested values; what reads as JSON is JSON, everything else text. Raises UsageError."""
    context: dict[str, Any] = {}
    for one in given:
        names, equals, text = one.partition("=")
        *above, last = names.split(".")
        if not equals or not last or not all(above):
            raise UsageError(f"`{visible(one)}` says no value", hint="write `--context entry.cart_total=12.5`")
        inside = context
        for name in above:
            inside = inside.setdefault(name, {})
            if not isinstance(inside, dict):
                raise UsageError(f"`{visible(names)}` stands under a value", hint="give each value once")
        inside[last] = _value(text)
    return context


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
