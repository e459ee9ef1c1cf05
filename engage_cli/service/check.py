"""`engage check`: everything that can be wrong before a run, in the definitions and in the data they name."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.comparisons import Op
from engage_cli.definitions.destinations import ListDestination
from engage_cli.definitions.paths import Path as TraitPath
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine, Staging
from engage_cli.errors import DataError, EngageError
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.needs import EventNeed, Needs
from engage_cli.plan.requirements import IDS
from engage_cli.records import replace
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.mentions import Mention, mentioned, mentioned_by, mentioned_in, mentioned_in_broadcast, trait_kind
from engage_cli.service.person_zones import odd_zones, zone_columns
from engage_cli.service.progress import Progress
from engage_cli.service.results.project import CheckResult
from engage_cli.service.signing_key import key_issues
from engage_cli.service.templates import consent_issues, template_issues
from engage_cli.service.workspace import declared_tables, engine_for, load, needs_of_all, report_of
from engage_cli.source import InvalidError, Issue, Severity, Span, did_you_mean, visible
from engage_cli.sql.events import pattern_of
from engage_cli.sql.literals import column as column_of


def check(folder: Path, *, data: bool = True, as_of: datetime | None = None, progress: Progress) -> CheckResult:
    """Check definitions, references and `sql:`; with `data` also which names never occur in it, as warnings.

    Invalid definitions are issues of the result, not an exception.
    """
    try:
        project = load(folder)
    except InvalidError as invalid:
        return CheckResult(0, invalid.issues, None)
    count = len(project.audiences) + len(project.traits) + len(project.journeys) + len(project.broadcasts) + len(project.templates.messages)
    if not data:
        issues = (*project.remarks, *consent_issues(project), *template_issues(project, profile=None, account=None))
        return CheckResult(count, issues, None)
    instant = resolve_as_of(as_of, project.config.timezone)
    try:
        with engine_for(project, folder) as engine:
            found = _check_data(project, engine, instant, count, progress)
        if any(issue.code == UNKNOWN_PROPERTY for issue in found.issues):
            # Runs keep the properties that definitions ask for; which others there are, to tell the nearest name, only the files say.
            with engine_for(project, folder) as engine:
                return _check_data(project, engine, instant, count, progress, whole=True)
        return found
    except DataError as problem:
        return CheckResult(count, (*project.remarks, data_problem(problem)), None)


def _check_data(project: Project, engine: Engine, instant: datetime, count: int, progress: Progress, *, whole: bool = False) -> CheckResult:
    """What the data says. Of properties those are known that runs keep of events; with `whole`, all."""
    mentions = [mention for audience in project.audiences.values() for mention in mentioned(audience.members, audience.of)]
    for audience in project.audiences.values():
        spans = audience.span
        mentions += [Mention(trait_kind(audience.of), path.name, spans) for path in audience.with_traits if path != IDS[audience.of]]
        lists = [one for name in audience.sync if isinstance(one := project.config.destinations[name], ListDestination)]
        named = [pair for one in lists for pair in _traits_of(one) if pair[0] != IDS[audience.of]]
        mentions += [Mention(trait_kind(audience.of), path.name, span) for path, span in named]
    mentions += [mention for trait in project.traits.values() for mention in mentioned_by(trait)]
    mentions += [mention for journey in project.journeys.values() for mention in mentioned_in(journey)]
    mentions += [mention for broadcast in project.broadcasts.values() for mention in mentioned_in_broadcast(broadcast)]
    entities = [entity.name for entity in project.config.sources.entities]
    tables = frozenset({"profiles", "accounts", *entities} & {*declared_tables(project.config.sources)})
    needs = replace(_needs(project, instant, whole=whole), tables=tables, traits=zone_columns(project))
    with progress.stage("reading the data"):
        staging = replace(engine.stage(project.config.sources, needs), store_note=None)  # a look leaves the store as it is
    staging = replace(staging, odd_zones=odd_zones(engine, project, needs.traits))
    vocabulary = _vocabulary(engine, staging, needs, entities)
    computed = {trait_kind(of): frozenset(name for name, trait in project.traits.items() if trait.of is of) for of in Subject}
    computed[trait_kind(Subject.USERS)] |= project.set_traits
    vocabulary = replace(vocabulary, traits={kind: names | computed[kind] for kind, names in vocabulary.traits.items()})
    issues = [
        *project.remarks,
        *consent_issues(project),
        *(issue for mention in mentions if (issue := vocabulary.judge(mention)) is not None),
    ]
    users, accounts = (vocabulary.traits[trait_kind(of)] for of in (Subject.USERS, Subject.ACCOUNTS))
    issues += [*template_issues(project, profile=users, account=accounts), *key_issues(project)]
    issues += _zone_issues(staging)
    unique = sorted(dict.fromkeys(issues), key=lambda issue: (issue.span is None, issue.span or _NOWHERE))
    return CheckResult(count, tuple(unique), report_of(replace(staging, odd_zones=None)))


def _zone_issues(staging: Staging) -> Iterator[Issue]:
    """A warning where people have a zone of their own that is none."""
    odd = staging.odd_zones
    if odd is not None:
        who = "1 person has" if odd.people == 1 else f"{odd.people} people have"
        said = f"{who} a time zone in `{visible(odd.trait)}` that is none, such as `{visible(odd.example)}`"
        hint = "a zone is named as IANA does, such as `Europe/London`; any other counts as missing, and the project's `timezone` is taken"
        yield Issue("unknown-zone", said, None, hint, Severity.WARNING)


def _needs(project: Project, instant: datetime, *, whole: bool) -> Needs:
    """Every event, with the properties that runs keep in the event store; with `whole`, all of them."""
    runs = needs_of_all(project, instant)
    kept = [EventNeed(need.names, None, need.columns) for need in runs.events if need.columns]
    return Needs(
        instant,
        project.config.timezone,
        events=(EventNeed(("*",), None, frozenset()), *dict.fromkeys(kept)),
        lists=plan_audiences(project, project.audiences, instant, project.config.timezone).needs.lists,
        with_suppressions=True,
        whole=frozenset({"*"}) if whole or "events" in runs.tables else runs.whole,
    )


def _traits_of(destination: ListDestination) -> Iterator[tuple[TraitPath, Span]]:
    """The traits that a list is made of, each where it is named."""
    yield from ((column.trait, column.span) for column in destination.columns)
    if destination.region is not None and destination.region.trait is not None:
        yield destination.region.trait, destination.span


_NOWHERE = Span("", 0, 0, 0, 0)
UNKNOWN_PROPERTY = "unknown-property"
_OPERATORS = frozenset(Op)


class Vocabulary(Struct, frozen=True):
    """The names that occur in the data."""

    events: frozenset[str]
    properties: dict[str, frozenset[str]]
    traits: dict[str, frozenset[str]]
    """By kind of mention."""
    columns: dict[str, frozenset[str]]
    """By entity."""

    def judge(self, mention: Mention) -> Issue | None:
        """A warning for a name that never occurs, with the nearest that does."""
        match mention.kind:
            case "event":
                pattern = pattern_of(mention.name)
                if any(pattern.fullmatch(event) for event in self.events):
                    return None
                return self._warning("unknown-event", f"no event `{visible(mention.name)}` occurs in the data", mention, self.events)
            case "property":
                return self._judge_property(mention)
            case "column":
                [entity] = mention.of
                known = self.columns[entity]
                if mention.name in known:
                    return None
                return self._warning("unknown-column", f"no row of `{entity}` has a column `{visible(mention.name)}`", mention, known)
            case _:
                traits = self.traits[mention.kind]
                if mention.name in traits:
                    return None
                whose = "account" if mention.kind == trait_kind(Subject.ACCOUNTS) else "profile"
                return self._warning("unknown-trait", f"no {whose} has a trait `{visible(mention.name)}`", mention, traits)

    def _judge_property(self, mention: Mention) -> Issue | None:
        patterns = [pattern_of(name) for name in mention.of]
        events = [event for event in self.events if any(pattern.fullmatch(event) for pattern in patterns)]
        known = frozenset().union(*(self.properties.get(event, frozenset()) for event in events))
        if not events or mention.name in known:
            return None
        named = " or ".join(f"`{visible(name)}`" for name in mention.of)
        message = f"no event {named} has a property `{visible(mention.name)}`"
        if mention.name in _OPERATORS:
            hint = "a property stands before what it is compared by, such as `{total: {gt: 100}}`"
            return Issue(UNKNOWN_PROPERTY, message, mention.span, hint, Severity.WARNING)
        return self._warning(UNKNOWN_PROPERTY, message, mention, known)

    def _warning(self, code: str, message: str, mention: Mention, known: frozenset[str]) -> Issue:
        hint = did_you_mean(mention.name, known) or (None if known else "the data has none at all")
        return Issue(code, message, mention.span, hint, Severity.WARNING)


def _vocabulary(engine: Engine, staging: Staging, needs: Needs, entities: Sequence[str]) -> Vocabulary:
    names = {key: event for event, key in staging.catalog.event_keys.items()}
    properties: dict[str, set[str]] = {}
    if needs.whole:
        rows = engine.rows("SELECT DISTINCT event_key, unnest(json_keys(properties)) AS name FROM events WHERE properties IS NOT NULL")
        for key, name in rows:
            properties.setdefault(names[key], set()).add(name)
    for key, path in _filled(engine, needs):
        properties.setdefault(names[key], set()).add(path.name)
    traits = {trait_kind(of): frozenset({of.id_name, *_columns(engine, staging, of.source)}) for of in Subject}
    occurring = {event: frozenset(found) for event, found in properties.items()}
    columns = {entity: frozenset(_columns(engine, staging, entity)) for entity in entities}
    return Vocabulary(frozenset(staging.catalog.event_keys), occurring, traits, columns)


def _filled(engine: Engine, needs: Needs) -> Iterator[tuple[int, TraitPath]]:
    """The keys of events, each with the paths that have a value in some of them."""
    columns = sorted(frozenset().union(*(need.columns for need in needs.events)), key=lambda column: column.name)
    if not columns:
        return
    values = [exp.GT(this=exp.Count(this=column_of(column.name, "e")), expression=exp.Literal.number(0)) for column in columns]
    key = column_of("event_key", "e")
    events = exp.alias_(exp.to_table("events"), "e", table=True)
    for row in engine.rows(exp.select(key, *values).from_(events).group_by(key)):
        yield from ((int(row[0]), column.path) for column, is_filled in zip(columns, row[1:], strict=True) if is_filled)


def _columns(engine: Engine, staging: Staging, source: str) -> list[str]:
    """The columns of a source that `sql:` could name."""
    if source not in staging.catalog.tables:
        return []
    return [str(row[0]) for row in engine.rows(exp.Describe(this=exp.to_table(staging.catalog.tables[source])))]


def data_problem(error: EngageError) -> Issue:
    """An error of reading the data, as an issue among others."""
    return Issue("data", error.message, None, error.hint)
