"""The key of unsubscribe links, asked for before anything is evaluated: a run that may send signed links ends at once without one."""

import json
import os
from collections.abc import Iterable

from engage_cli.definitions.journey_steps import Category, Render, Send
from engage_cli.definitions.project import Project
from engage_cli.errors import EngageError
from engage_cli.messaging.names import URLS
from engage_cli.messaging.policy.links import TOKEN, shown_in
from engage_cli.messaging.template import EMAIL, MessageTemplate, load_templates
from engage_cli.messaging.unsubscribe import keys_of
from engage_cli.service.policy import Sending, sending_of
from engage_cli.source import Issue, Severity


def require_key(project: Project, sendings: Iterable[Sending]) -> None:
    """Raises EngageError where a message that may be sent has a signed link and the environment no key to sign it with."""
    problem = _problem()
    if problem is None:
        return
    template = _first_signed(project, sendings)
    if template is not None:
        raise EngageError(f"{problem.message}, and the messages of `{template}` have one", hint=problem.hint)


def missing_key(project: Project, sendings: Iterable[Sending]) -> str | None:
    """The same in words, for those who only look."""
    try:
        require_key(project, sendings)
    except EngageError as error:
        return error.message
    return None


def key_issues(project: Project) -> list[Issue]:
    """A warning where runs would end for want of a key."""
    problem = _problem()
    sends = [step for journey in project.journeys.values() for step in journey.all_steps() if isinstance(step, Send)]
    sends += [send for broadcast in project.broadcasts.values() for send in broadcast.messages]
    template = None if problem is None else _first_signed(project, map(sending_of, sends))
    if problem is None or template is None:
        return []
    span = next(send.span for send in sends if send.template == template)
    return [Issue("no-key", f"{problem.message}, and the messages of `{template}` have one", span, problem.hint, Severity.WARNING)]


def _problem() -> EngageError | None:
    try:
        keys_of(os.environ)
    except EngageError as error:
        return error
    return None


def _first_signed(project: Project, sendings: Iterable[Sending]) -> str | None:
    """The first template, by name, that is sent with a link which is signed."""
    urls = project.config.messaging.urls
    signed = {name for name, key in URLS.items() if TOKEN in (getattr(urls, key) or "")}
    if not signed:
        return None
    known = load_templates(project)
    found = {one.template for one in sendings if one.template in known and _is_signed(one, known[one.template], signed)}
    return min(found, default=None)


def _is_signed(sending: Sending, template: MessageTemplate, signed: set[str]) -> bool:
    said = json.loads(sending.settings)
    if said.get("render") == Render.VARIABLES.value:
        return True
    if sending.channel == EMAIL and said.get("category") != Category.TRANSACTIONAL.value and "unsubscribe_url" in signed:
        return True
    return not signed.isdisjoint(shown_in(template.texts))
