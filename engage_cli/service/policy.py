"""The policy's part of a run: what it needs of the data, and the decisions about all candidates that are due."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.definitions.journey_steps import Send
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.journeys.settings import settings_of
from engage_cli.messaging.checks import values_used
from engage_cli.messaging.policy.deciding import decide, let_go
from engage_cli.messaging.policy.due import Campaigns, make_due
from engage_cli.messaging.policy.editions import Edition, edition_of, stage_editions
from engage_cli.messaging.policy.linked import Shown, linked_needs, make_linked
from engage_cli.messaging.policy.people import Values, make_people, plan_values
from engage_cli.messaging.policy.said import SAID, phrase_of
from engage_cli.messaging.policy.telling import make_told
from engage_cli.messaging.template import MessageTemplate, load_templates
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.service.results.journeys import MessageCount
from engage_cli.source import did_you_mean
from engage_cli.state.messages import NONE_UNRENDERED
from engage_cli.state.store import State


class Sending(Struct, frozen=True):
    """A way in which messages are sent: a template on a channel, and what the campaign says beside, as JSON."""

    channel: str
    template: str
    settings: str


def sending_of(send: Send) -> Sending:
    """What a step of a journey sends."""
    return Sending(send.channel, send.template, settings_of(send))


class Policy(Struct, frozen=True):
    """What the policy needs to decide about some sendings: `channels` are those with addresses, `consented` all that are sent by,
    `shown` by template what its messages look at."""

    project: Project
    sendings: tuple[Sending, ...]
    consented: frozenset[str]
    channels: tuple[str, ...]
    templates: Mapping[str, MessageTemplate]
    shown: Mapping[str, Shown]
    values: Values

    def needs(self, base: Needs) -> Needs:
        """What has to be staged."""
        own = self.values.needs(Needs(base.as_of, base.zone, channels=self.consented, dated=True))
        return base.with_all([own, linked_needs(base, list(self.shown.values()), accounts=has_accounts(self.project))])


def plan_policy(project: Project, state: State | None, sendings: Iterable[Sending]) -> Policy:
    """The policy for what a run may send: `sendings`, and those of candidates that wait. Raises EngageError for what cannot be sent."""
    everything = sorted({*sendings, *waiting_sendings(state)}, key=lambda one: (one.channel, one.template, one.settings))
    declared = project.config.messaging.channels
    channels = tuple(sorted({one.channel for one in everything if one.channel in declared}))
    known = load_templates(project)
    templates = {one.template: known[one.template] for one in everything if one.template in known}
    shown = {name: shown_by(project, template, [one for one in everything if one.template == name]) for name, template in templates.items()}
    traits = sorted({trait for one in shown.values() for trait in one.profile})
    consented = frozenset(one.channel for one in everything)
    return Policy(project, tuple(everything), consented, channels, templates, shown, plan_values(project, channels, traits))


def waiting_sendings(state: State | None) -> list[Sending]:
    """How those are sent that wait since an earlier run."""
    return [] if state is None else [Sending(*row) for row in state.engine.rows(_WAITING)]


def has_accounts(project: Project) -> bool:
    """Whether anybody can belong to an account."""
    return bool(project.config.sources.of("memberships"))


def shown_by(project: Project, template: MessageTemplate, sendings: Sequence[Sending]) -> Shown:
    """What a template looks at. Raises EngageError for what messages do not have."""
    said = [json.loads(one.settings) for one in sendings]
    phrases = [phrase for one in said for name in SAID if (phrase := phrase_of(one.get(name))) is not None]
    used = values_used(template, phrases)
    under = {root: sorted({path[1] for path in used if path[0] == root and len(path) > 1}) for root in ("profile", "account", "entities")}
    computed = next((name for name in under["account"] if name in project.traits), None)
    if computed is not None:
        raise EngageError(
            f"the template `{template.name}` shows `account.{computed}`, a computed trait of accounts, which messages do not have",
            hint="messages have the traits that the sources of accounts say, and every trait of `profile`, computed ones too",
        )
    declared = [entity.name for entity in project.config.sources.entities]
    unknown = next((name for name in under["entities"] if name not in declared), None)
    if unknown is not None:
        hint = did_you_mean(unknown, declared) or "declare it in engage.yaml under `sources.entities`"
        raise EngageError(f"the template `{template.name}` shows rows of `{unknown}`, which is no entity", hint=hint)
    return Shown(tuple(name for name in under["profile"] if name != "user_id"), tuple(under["account"]), tuple(under["entities"]))


def decide_due(engine: Engine, policy: Policy, catalog: Catalog, as_of: datetime, campaigns: Campaigns) -> tuple[MessageCount, ...]:
    """Decide about every candidate of these campaigns that is due; what became of how many.

    Needs `p_made`, `instance_user` and `instance_end`. Makes `p_told`, which files are made of, and `run_edition`.
    """
    config = policy.project.config
    engine.execute(NONE_UNRENDERED)
    if not make_due(engine, as_of, config.timezone, campaigns):
        stage_editions(engine, ())
        for nothing in _NOTHING:
            engine.execute(nothing)
        return tuple(MessageCount(*row) for row in engine.rows(_COUNTS))
    make_people(engine, policy.values, catalog, policy.channels, as_of)
    joined = config.sources.identity is not None
    decide(engine, config.messaging, config.timezone, policy.channels, sorted(policy.templates), joined=joined)
    editions = _editions(engine, policy)
    stage_editions(engine, editions.values())
    with_language = config.messaging.language.trait is not None
    linked = [one for name, one in policy.shown.items() if name in editions and one.is_linked]
    if linked:
        make_linked(engine, linked, accounts=has_accounts(policy.project))
    make_told(engine, {name: one.id for name, one in editions.items()}, policy.shown, with_language=with_language)
    let_go(engine)
    return tuple(MessageCount(*row) for row in engine.rows(_COUNTS))


def _editions(engine: Engine, policy: Policy) -> dict[str, Edition]:
    """The texts of what is sent. Raises InvalidError for a template that cannot be compiled."""
    names = [str(row[0]) for row in engine.rows("SELECT DISTINCT template FROM p_message WHERE reason IS NULL ORDER BY template")]
    return {name: edition_of(policy.templates[name], policy.project.config) for name in names}


_NOTHING = (
    """
    CREATE OR REPLACE TEMP TABLE p_message AS
    SELECT candidate_id AS message_id, *, NULL AS "to", CAST(NULL AS VARCHAR) AS "key" FROM p_due
    """,
    """
    CREATE OR REPLACE TEMP TABLE p_told (
        kind VARCHAR, source VARCHAR, destination VARCHAR, user_id VARCHAR, change VARCHAR, payload VARCHAR, rest VARCHAR,
        id_json VARCHAR
    )
    """,
)
_WAITING = """
    SELECT DISTINCT channel, template, settings FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
    ORDER BY ALL
"""
_COUNTS = """
    SELECT kind, campaign, coalesce(reason, 'sent') AS outcome, count(*) FROM p_message
    GROUP BY ALL
    UNION ALL
    SELECT kind, campaign, 'deferred', count(*) FROM (
        SELECT campaign_kind AS kind, campaign FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
            ANTI JOIN p_due USING (candidate_id)
        UNION ALL SELECT kind, campaign FROM p_made ANTI JOIN p_due USING (candidate_id) ANTI JOIN p_settled USING (candidate_id)
    ) GROUP BY ALL
    ORDER BY ALL
"""
