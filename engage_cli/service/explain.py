"""`audience explain`: why a user, or an account, is or is not in an audience."""

from datetime import UTC, datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions import conditions as w
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.explain import ExplainedPart, explain_needs, explained
from engage_cli.plan.leaves import InShareOf, Sequence
from engage_cli.plan.predicates import Plan
from engage_cli.records import replace
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.describe import one_line
from engage_cli.service.ledgers import lay_ledger
from engage_cli.service.progress import Progress
from engage_cli.service.results.audiences import EventShown, Explained, Explanation
from engage_cli.service.state_view import member_since
from engage_cli.service.trait_courses import as_recorded
from engage_cli.service.trait_sets import dated_by_sets, lay_sets
from engage_cli.service.workspace import chosen, engine_for, load, report_of, with_tables
from engage_cli.sql.explain import EventQuery, explanation
from engage_cli.sql.explain import Explanation as Queries
from engage_cli.sql.literals import text_literal


def explain(folder: Path, name: str, user: str, *, as_of: datetime | None, progress: Progress) -> Explanation:
    """Explain an audience for one user (of an audience of accounts: account) as of an instant. Writes nothing.

    Where no condition is about accounts, the user's events alone are read.
    """
    project = load(folder)
    chosen(project, [name])
    return explain_in(project, folder, name, user, resolve_as_of(as_of, project.config.timezone), progress=progress)


def explain_in(project: Project, folder: Path, name: str, user: str, instant: datetime, *, progress: Progress) -> Explanation:
    """The same of an audience of a project that is loaded."""
    zone = project.config.timezone
    tree = explained(name, project.audiences, instant, zone)
    plan = with_tables(plan_audiences(project, [name], instant, zone), project.config.sources)
    needs = explain_needs(name, project, instant, zone, user, tree)
    plan = replace(plan, needs=replace(needs, tables=plan.needs.tables))
    with engine_for(project, folder) as engine:
        plan = dated_by_sets(project, folder, engine, plan)
        with progress.stage(f"reading the events of {user}"):
            staging = replace(engine.stage(project.config.sources, plan.needs), store_note=None)  # a look leaves the store as it is
        user = staging.known_as.get(user, user)
        lay_sets(project, folder, engine, plan)
        plan = as_recorded(project, folder, engine, plan)
        lay_ledger(project, folder, engine, plan, staging.catalog)
        engine.seal([])
        of = project.audiences[name].of
        if not _is_known(engine, user, of):
            nearest = _nearest(engine, user, of)
            return Explanation(name, user, instant, False, False, None, None, nearest, data=report_of(staging))
        queries = explanation(tree, plan, staging.catalog, user)
        names = {key: event for event, key in staging.catalog.event_keys.items()}
        shown = _Shown(engine, queries, plan, names)
        root = shown.part(tree)
        excludes = staging.catalog.with_anonymous and not project.audiences[name].with_anonymous
        left_out = excludes and bool(engine.rows("SELECT user_key FROM users WHERE user_id = ? AND anonymous", [user]))
    since = member_since(folder, project, name, user)
    return Explanation(name, user, instant, True, root.holds and not left_out, root, since, left_out=left_out, data=report_of(staging))


def _is_known(engine: Engine, user: str, of: Subject) -> bool:
    query = exp.select(of.id_name).from_(of.value).where(exp.EQ(this=exp.column(of.id_name), expression=text_literal(user)))
    return bool(engine.rows(query))


_NEAREST = {
    Subject.USERS: "SELECT user_id FROM users WHERE ltrim(lower(trim(user_id)), '0') = ltrim(lower(trim(?)), '0') ORDER BY user_id LIMIT 1",
    Subject.ACCOUNTS: "SELECT account_id FROM accounts WHERE ltrim(lower(trim(account_id)), '0') = ltrim(lower(trim(?)), '0') "
    "ORDER BY account_id LIMIT 1",
}


def _nearest(engine: Engine, user: str, of: Subject) -> str | None:
    """An id that differs only in case, outer spaces or leading zeros: the slips that ids invite."""
    rows = engine.rows(_NEAREST[of], [user])
    return str(rows[0][0]) if rows else None


class _Shown:
    """Fills the tree with what the queries found."""

    def __init__(self, engine: Engine, queries: Queries, plan: Plan, names: dict[int, str]) -> None:
        self.engine = engine
        self.queries = queries
        self.plan = plan
        self._is_account = plan.audiences[plan.asked[0]].of is Subject.ACCOUNTS
        self.names = names
        columns = [projection.alias for projection in queries.truths.expressions]
        self.found = dict(zip(columns, engine.rows(queries.truths)[0], strict=True))
        self.next = 0

    def part(self, part: ExplainedPart) -> Explained:
        """One part, and below it its parts, numbered in the order of ExplainedPart.walk."""
        number = self.next
        self.next += 1
        holds = bool(self.found[f"part_{number}"])
        parts = tuple(self.part(inner) for inner in part.parts)
        sets = self.queries.events.get(number, ())
        values = tuple((words, self.found[name]) for name, words in self.queries.values.items() if name.startswith(f"value_{number}_"))
        if isinstance(part.condition, w.Quantified):
            values = self._linked(number, part.condition)
        matching = self._count(sets[0].matching) if sets and not isinstance(part.condition, w.SequenceDone) else None
        events = self._events(sets)
        return Explained(
            text=one_line(part.condition),
            file=part.condition.span.file,
            line=part.condition.span.line,
            holds=holds,
            values=self._readable(part, values),
            events=events,
            matching=matching,
            rows=self._rows(number),
            missing=None if holds or parts else self._missing(number, part, values, sets),
            parts=parts,
        )

    def _linked(self, number: int, condition: w.Quantified) -> tuple[tuple[str, str | None], ...]:
        """How many of the other kind belong to the subject, and how many of them meet the condition."""
        linked, found = self.engine.rows(self.queries.linked[number])[0]
        every = condition.quantifier in (w.Quantifier.ALL_USERS, w.Quantifier.ALL_ACCOUNTS)
        return ((f"{condition.quantifier.of.value} that meet it", f"{linked - found if every else found} of {linked}"),)

    def _rows(self, number: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Of each entity the keys of the rows that make a part hold."""
        found = self.queries.rows.get(number, {})
        keys = ((entity, tuple(str(key) for (key,) in self.engine.rows(query))) for entity, query in found.items())
        return tuple((entity, listed) for entity, listed in keys if listed)

    def _count(self, query: exp.Select) -> int:
        return int(self.engine.rows(query)[0][0])

    def _events(self, sets: tuple[EventQuery, ...]) -> tuple[EventShown, ...]:
        """The newest events of some sets, each once; of several sets, as of a sequence, in the order in which they happened."""
        found: dict[str, EventShown] = {}
        for query in sets:
            for event in self._newest(query):
                steps = {*query.steps, *(found[event.message_id].steps if event.message_id in found else ())}
                found[event.message_id] = replace(event, steps=tuple(sorted(steps)))
        shown = tuple(found.values())
        return tuple(sorted(shown, key=lambda event: (event.timestamp, event.message_id))) if len(sets) > 1 else shown

    def _newest(self, query: EventQuery) -> list[EventShown]:
        rows = self.engine.rows(query.newest)
        return [
            EventShown(self.names[key], timestamp.replace(tzinfo=UTC), message_id, properties or "{}")
            for key, timestamp, message_id, properties in rows
        ]

    def _readable(self, part: ExplainedPart, values: tuple[tuple[str, str | None], ...]) -> tuple[tuple[str, str | None], ...]:
        """A bucket as the percentage that it is compared as."""
        if not any(isinstance(leaf, InShareOf) for leaf in part.leaves):
            return values
        return tuple(("bucket", f"{int(value or 0) * 100 / 2**32:.6f} %") for _, value in values)

    # ---- what is missing -------------------------------------------------------------------------------------------

    def _missing(self, number: int, part: ExplainedPart, values: tuple[tuple[str, str | None], ...], sets: tuple[EventQuery, ...]) -> str:
        match part.condition:
            case w.TraitIs(path):
                if not values:
                    return f"`{path.text}` is something else"
                return " and ".join(f"`{name}` is {'missing' if value is None else value}" for name, value in values)
            case w.SequenceDone():
                return self._missing_step(number, part, sets)
            case w.EventDone():
                return self._missing_event(part.condition, sets[0], values)
            case w.InShare():
                return "the bucket lies outside the share" if self._is_account else "the user's bucket lies outside the share"
            case w.HasConsent():
                return f"the subscription state is {values[0][1]}"
            case w.InSql():
                return f"the {'account' if self._is_account else 'user'} is not among the rows of the query"
            case w.HasEntity(entity):
                shown = [f"the {name} of such rows is {_MISSING if value is None else value}" for name, value in values]
                return " and ".join(shown) or f"no such row of `{entity}`"
            case w.Quantified(quantifier):
                return _missing_linked(quantifier, values)
            case _:
                return "it does not hold"

    def _missing_event(self, done: w.EventDone, query: EventQuery, values: tuple[tuple[str, str | None], ...]) -> str:
        names = " or ".join(query.names)
        matching, in_window, ever = (self._count(one) for one in (query.matching, query.in_window, query.ever))
        if ever == 0:
            return f"never did {names}"
        if in_window == 0:
            return f"did {names} {_times(ever)}, but not in the window"
        if matching == 0:
            return f"did {names} {_times(in_window)} in the window, but no event meets `where`"
        if values:
            shown = ", ".join(f"{name} is {'missing' if value is None else value}" for name, value in values)
            return f"did {names} {_times(matching)} in the window, but {shown}"
        if done.first_time is not None:
            return f"did {names} in the window, but not for the first time"
        return f"did {names} {_times(matching)} in the window, which is not what is asked"

    def _missing_step(self, number: int, part: ExplainedPart, sets: tuple[EventQuery, ...]) -> str:
        condition = part.condition
        assert isinstance(condition, w.SequenceDone)
        steps = [step for step in condition.steps if not step.negated]
        leaf = next(leaf for leaf in part.leaves if isinstance(leaf, Sequence))
        absent = [query for query in sets if query.steps and self._count(query.matching) == 0]
        if condition.order is w.Order.ANY:
            done = len(steps) - sum(len(query.steps) for query in absent)
            never = ", ".join(" or ".join(query.names) for query in absent)
            return f"{done} of {leaf.at_least} steps were done" + (f"; never in the window: {never}" if absent else "")
        reached = self.engine.rows(self.queries.stages[number])[0]
        for place, (step, states) in enumerate(zip(steps, reached, strict=True), start=1):
            if states == 0:
                names = " or ".join(step.names)
                if place == 1:
                    return f"step 1 never happened: no {names} in the window meets it"
                return f"the steps before were done, but no {names} follows them as step {place} asks"
        return "all steps were done, but `not`, `without` or `span` rules each of them out"


def _missing_linked(quantifier: w.Quantifier, values: tuple[tuple[str, str | None], ...]) -> str:
    one = quantifier.of.one
    if values[0][1] == "0 of 0":
        return f"there is no {one} at all"
    match quantifier:
        case w.Quantifier.ANY_USER | w.Quantifier.ANY_ACCOUNT:
            return f"no {one} meets it"
        case w.Quantifier.ALL_USERS | w.Quantifier.ALL_ACCOUNTS:
            return f"not every {one} meets it"
        case _:
            return f"some {one} meets it"


_MISSING = "missing"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
