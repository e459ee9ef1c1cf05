"""Conditions over subjects each at an instant of its own: the compiler of audiences, over relations of the same shape.

Beside every subject stand the instants that its conditions count from its own one, computed once. What a leaf reads of a user's events,
traits and consents it then reads of a subject's: what was there by its instant, under the subject's key.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.definitions.subjects import Subject
from engage_cli.plan.labels import slug
from engage_cli.plan.leaves import AmongRows, SomeLinked
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Catalog
from engage_cli.plan.predicates import Plan
from engage_cli.plan.relative import OWN, Arrived
from engage_cli.sql.authored import AUTHORED, read_authored
from engage_cli.sql.compile import Compiler, Subjects, audience_relation, steps_of, subjects_of
from engage_cli.sql.consents import CONSENTS
from engage_cli.sql.entities import LINKED, entity_table
from engage_cli.sql.events import EventQueries, ordered
from engage_cli.sql.instants import relative_to
from engage_cli.sql.ledger import ASKING, JOURNEY_STAYS, MADE_MESSAGES
from engage_cli.sql.literals import all_of, any_of, column, timestamp_literal
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.scope import CONTEXT, KEY, USERS
from engage_cli.sql.traits_recorded import ACCOUNT_TRAIT_COURSE, TRAIT_COURSE

SUBJECT_KEY = "subject_key"
USER_KEY = "user_key"
TRAIT_KEY = "trait_key"
SUBJECT = "s"
ROW = "r"
MEMBERSHIP = "m"


class CompiledMoments(Struct, frozen=True):
    """Conditions as relations: `steps` make what is asked for, `holding` says for whom a condition is true."""

    relations: Relations
    roots: dict[str, str]
    """By condition the relation of the subjects for whom it is true."""
    subjects: str
    never: frozenset[str]

    def steps(self) -> list[tuple[str, exp.Select]]:
        """The relations to make in order, each (name, query)."""
        return steps_of(self.relations, [self.subjects, *self.roots.values()], self.never)

    def holding(self, name: str) -> exp.Select:
        """(subject_key) of the subjects for whom a condition is true, over the relations that `steps` made."""
        return exp.select(column(SUBJECT_KEY, ROW)).from_(exp.alias_(exp.to_table(self.roots[name]), ROW, table=True))


class Asked(Struct, frozen=True):
    """What is asked of all levels of subjects: the plan, what is staged, and the range of the subjects' instants."""

    moments: MomentPlan
    plan: Plan
    catalog: Catalog
    low: datetime
    high: datetime
    columns: tuple[str, ...]
    """What stands beside each subject, apart from who it is."""
    sight: str | None = None
    """The relation of the subjects' traits where not all of a user's see the same: under `trait_key`."""
    relations: Relations = field(default_factory=Relations)
    never: set[str] = field(default_factory=set)
    """Relations that are no tables: whoever reads them wants little of them."""


def compile_moments(
    moments: MomentPlan,
    names: Iterable[str],
    catalog: Catalog,
    subjects: str,
    low: datetime,
    high: datetime,
    *,
    prefix: str = "",
    as_of: datetime | None = None,
    sight: str | None = None,
) -> CompiledMoments:
    """Compile conditions of a plan over a relation of subjects, none of whose instants is before `low` or after `high`.

    The relation has `subject_key INTEGER or BIGINT`, unique, `user_key` and `at TIMESTAMP`; where the conditions look at them, also
    `key VARCHAR`, `context VARCHAR` (a JSON object), `entered_at TIMESTAMP` and `arrived_<step> TIMESTAMP`. Every relation made begins with
    `prefix`. `sql:` sees the sources as of `as_of`, the run's instant (none: `high`). With `sight` the traits of a subject stand in that
    relation, shaped as `trait_history`, under its `trait_key`.
    """
    columns = [relative.name for relative in moments.relatives()]
    columns += [KEY] if moments.with_key else []
    columns += [CONTEXT] if moments.with_context else []
    columns += [ASKING] if moments.with_instance else []
    asked = Asked(moments, moments.as_plan(as_of or high), catalog, low, high, tuple(columns), sight)
    level = Level(Subject.USERS, prefix, is_asked=True)
    asked.relations.add(level.subjects, made_subjects(asked, subjects), "the subjects, and the instants that are counted from theirs")
    compiler = MomentCompiler(asked, level)
    roots = {}
    for name in names:
        condition = moments.conditions[name]
        words = comment(f"for whom it holds: {name}", condition.span)
        relation, _ = compiler.of[Subject.USERS].relations.name_for(("condition", name), f"holds_{slug(name)}")
        roots[name] = compiler.meeting(condition.predicate, Subject.USERS, relation, words)
    return CompiledMoments(asked.relations, roots, level.subjects, frozenset(asked.never))


def made_subjects(asked: Asked, given: str) -> exp.Select:
    """The subjects that are given, who each is, and the instants of its own that conditions ask for."""
    at = column("at", SUBJECT)
    shown = [column(SUBJECT_KEY, SUBJECT), column(USER_KEY, SUBJECT), column("user_id", USERS)]
    shown += [column("anonymous", USERS)] if asked.catalog.with_anonymous else []
    for relative in asked.moments.relatives():
        is_given = isinstance(relative, Arrived)
        value = column(relative.name, SUBJECT) if is_given else relative_to(relative, at, asked.plan.zone)
        shown.append(exp.alias_(value, relative.name, quoted=True))
    shown += [column(name, SUBJECT) for name in (KEY, CONTEXT, ASKING) if name in asked.columns]
    shown += [column(TRAIT_KEY, SUBJECT)] if asked.sight is not None else []
    query = exp.select(*shown).from_(exp.alias_(exp.to_table(given), SUBJECT, table=True))
    same = exp.EQ(this=column(USER_KEY, USERS), expression=column(USER_KEY, SUBJECT))
    return query.join(exp.alias_(exp.to_table("users"), USERS, table=True), on=same)


class Level(Struct, frozen=True):
    """Subjects of one kind: those asked, or, inside a quantifier, those that memberships link with them."""

    of: Subject
    prefix: str
    is_asked: bool = False

    @property
    def subjects(self) -> str:
        """The relation of the subjects."""
        return f"{self.prefix}subjects"

    @property
    def key(self) -> str:
        """What says whose events, traits and so on are the subject's."""
        return f"{self.of.one}_key"


class MomentRelations(Relations):
    """The relations about the subjects of a level, kept among all others, each under a name that begins with the level's prefix.

    They are written of users, at one instant; said of subjects when they are added.
    """

    def __init__(self, asked: Asked, level: Level) -> None:
        super().__init__(asked.relations.by_name, asked.relations._names, asked.relations._taken)
        self.asked = asked
        self.level = level

    def name_for(self, thing: object, label: str) -> tuple[str, bool]:
        """The name of the relation of `thing` for the subjects of the level."""
        return super().name_for((self.level, thing), f"{self.level.prefix}{label}")

    def add(self, name: str, query: exp.Select, comment: str, parents: Iterable[str] = ()) -> str:
        """Keep a relation that is written of users. Text of an author's stays as it is."""
        made = query.copy()
        for node in list(made.walk(prune=lambda node: bool(node.meta.get(AUTHORED)))):
            if node.meta.get(AUTHORED):
                continue
            if isinstance(node, exp.Table) and (node.name in _TABLES or node.name.startswith(LINKED)):
                node.set("this", exp.to_identifier(self._base(node.name)))
            elif isinstance(node, exp.Column):
                if node.name == USER_KEY:
                    node.set("this", exp.to_identifier(SUBJECT_KEY))
                if node.table in _TABLES:
                    node.set("table", exp.to_identifier(self._base(node.table)))
        return super().add(name, made, comment, parents)

    def _base(self, table: str) -> str:
        """The relation that stands for one that is staged."""
        if table == "users":
            return self.level.subjects
        entity = table.removeprefix(LINKED) if table.startswith(LINKED) else None
        name = f"{self.level.prefix}{table if entity is None else f'rows_of_{entity}'}"
        if name not in self.by_name:
            query, words = self._made_of(table)
            super().add(name, query, words)
            if table == "events":
                self.asked.never.add(name)
        return name

    def _made_of(self, table: str) -> tuple[exp.Select, str]:
        of = self.level.of
        match table:
            case "events":
                return self._events(), f"the events of a subject up to its instant{'' if of is Subject.USERS else ', of all users'}"
            case "traits" if of is Subject.USERS and self.asked.sight is not None and self.level.is_asked:
                return self._as_of(self.asked.sight, TRAIT_KEY), "the traits of a subject as of its instant, and its turn then"
            case "traits":
                history = "trait_history" if of is Subject.USERS else "account_trait_history"
                return self._as_of(history), "the traits of a subject as of its instant"
            case "trait_course":
                course = TRAIT_COURSE if of is Subject.USERS else ACCOUNT_TRAIT_COURSE
                return self._as_of(course), "what undated traits of a subject were at its instant"
            case "consents":
                return self._as_of("consent_history"), "the subscription states of a subject as of its instant"
            case _ if table.startswith(LINKED):
                entity = table.removeprefix(LINKED)
                return self._joined(entity_table(entity), exp.true(), with_columns=False), f"the {entity} that are linked to a subject"
            case _:
                begun = "at" if table == MADE_MESSAGES else "began_at"
                return self._by_now(table, begun), f"{table.replace('_', ' ')} of a subject up to its instant"

    def _beside(self, *, with_columns: bool) -> list[exp.Expr]:
        names = self.asked.columns if with_columns else ()
        return [column(SUBJECT_KEY, SUBJECT), *(column(name, SUBJECT) for name in names)]

    def _joined(self, table: str, condition: exp.Expr, *, with_columns: bool, key: str | None = None) -> exp.Select:
        """The rows of a relation by user, or account, beside each subject for whom the condition holds. `key`: the subject's of them."""
        row = exp.Column(this=exp.Star(), table=exp.to_identifier(ROW))
        query = exp.select(*self._beside(with_columns=with_columns), row).from_(exp.alias_(exp.to_table(table), ROW, table=True))
        same = exp.EQ(this=column(key or self.level.key, SUBJECT), expression=column(self.level.key, ROW))
        return query.join(self._aliased_subjects(), on=exp.and_(same, condition, copy=False))

    def _aliased_subjects(self) -> exp.Expr:
        return exp.alias_(exp.to_table(self.level.subjects), SUBJECT, table=True)

    def _events(self) -> exp.Select:
        seen = _until(column("ts", ROW))
        if self.level.of is Subject.USERS:
            query = self._joined("events", seen, with_columns=True)
        else:
            row = exp.Column(this=exp.Star(), table=exp.to_identifier(ROW))
            query = exp.select(*self._beside(with_columns=True), row).from_(exp.alias_(exp.to_table("events"), ROW, table=True))
            belongs = exp.EQ(this=column(USER_KEY, MEMBERSHIP), expression=column(USER_KEY, ROW))
            query = query.join(exp.alias_(exp.to_table("membership_history"), MEMBERSHIP, table=True), on=belongs)
            same = exp.EQ(this=column("account_key", SUBJECT), expression=column("account_key", MEMBERSHIP))
            query = query.join(self._aliased_subjects(), on=all_of([same, seen, _until(column("since", MEMBERSHIP))]))
        return query.where(exp.LTE(this=column("ts", ROW), expression=timestamp_literal(self.asked.high)))

    def _as_of(self, history: str, key: str | None = None) -> exp.Select:
        still = any_of([exp.Is(this=column("until", ROW), expression=exp.null()), exp.GT(this=column("until", ROW), expression=_now())])
        return self._joined(history, all_of([_until(column("since", ROW)), exp.paren(still)]), with_columns=False, key=key)

    def _by_now(self, table: str, begun: str) -> exp.Select:
        return self._joined(table, _until(column(begun, ROW)), with_columns=True)


_TABLES = frozenset({"users", "events", "traits", TRAIT_COURSE, CONSENTS, MADE_MESSAGES, JOURNEY_STAYS})


def _now() -> exp.Expr:
    return column(OWN.name, SUBJECT)


def _until(instant: exp.Expr) -> exp.Expr:
    """No later than the subject's own instant."""
    return exp.LTE(this=instant, expression=_now())


class MomentCompiler(Compiler):
    """The compiler over the subjects of one level."""

    def __init__(self, asked: Asked, level: Level) -> None:
        self.asked = asked
        self.level = level
        super().__init__(asked.plan, asked.catalog, asked.relations)

    def kinds(self) -> dict[Subject, Subjects]:
        """What compiles leaves about the subjects of the level."""
        catalog = self.catalog if self.level.of is Subject.USERS else self.catalog.for_accounts()
        queries = EventQueries(catalog, self.plan.zone, OWN, self.asked.low)
        return {self.level.of: subjects_of(queries, MomentRelations(self.asked, self.level))}

    def member_relation(self, name: str) -> str:
        """The relation of the subjects that are in an audience, made when it is first named."""
        audience = self.plan.audiences[name]
        relation, new = self.of[self.level.of].relations.name_for(("audience", name), audience_relation(name))
        if new:
            words = comment(f"audience {name}", audience.span)
            without_anonymous = audience.of is Subject.USERS and self.catalog.with_anonymous and not audience.with_anonymous
            self.meeting(audience.predicate, audience.of, relation, words, without_anonymous=without_anonymous)
        return relation

    def authored(self, leaf: AmongRows, of: Subject) -> str:
        """The relation of the subjects whose ids the author's SELECT gives, as of the run's instant."""
        relations = self.of[of].relations
        name, new = relations.name_for(leaf, leaf.label)
        if new:
            rows = read_authored(leaf.text, self.catalog.tables, [of.id_name]).over(self.catalog, self.plan.as_of)
            query = exp.select(column(USER_KEY, USERS)).distinct().from_(exp.alias_(exp.Subquery(this=rows), "s", table=True))
            on = exp.EQ(this=column("user_id", USERS), expression=exp.cast(column(of.id_name, "s"), "TEXT"))
            query = query.join(exp.alias_(exp.to_table("users"), USERS, table=True), on=on)
            relations.add(name, query, comment(f"{of.value} among the rows of the author's SQL", leaf.span))
        return name

    def linked(self, leaf: SomeLinked) -> str:
        """The relation of the subjects of which one that memberships link with them, by their instant, meets the leaf's predicate."""
        name, new = self.of[self.level.of].relations.name_for(leaf, leaf.label)
        if not new:
            return name
        level = Level(leaf.of, f"{name}_")
        relations = self.asked.relations
        relations.add(level.subjects, self._linked_subjects(leaf.of), comment(f"the {leaf.of.value} of each subject", leaf.span))
        inner = MomentCompiler(self.asked, level)
        words = comment(f"those of these {leaf.of.value} that meet it", leaf.span)
        meeting = inner.meeting(leaf.predicate, leaf.of, f"{level.prefix}meeting", words)
        query = exp.select(exp.alias_(column("asked_key", SUBJECT), SUBJECT_KEY)).distinct()
        query = query.from_(exp.alias_(exp.to_table(level.subjects), SUBJECT, table=True))
        on = exp.EQ(this=column(SUBJECT_KEY, meeting), expression=column(SUBJECT_KEY, SUBJECT))
        query = query.join(exp.to_table(meeting), on=on)
        return relations.add(name, query, comment(f"who has {leaf.of.one} that meets it", leaf.span))

    def _linked_subjects(self, of: Subject) -> exp.Select:
        """A subject for each pair of one of this level and one that is linked with it."""
        own, other = self.level.key, f"{of.one}_key"
        pair = [column(SUBJECT_KEY, SUBJECT), column(other, MEMBERSHIP)]
        number = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[ordered(one.copy()) for one in pair]))
        shown = [
            exp.alias_(number, SUBJECT_KEY),
            exp.alias_(column(SUBJECT_KEY, SUBJECT), "asked_key"),
            column(other, MEMBERSHIP),
            exp.alias_(column(of.id_name, USERS), "user_id"),
            *([column("anonymous", USERS)] if of is Subject.USERS and self.catalog.with_anonymous else []),
            *(column(name, SUBJECT) for name in self.asked.columns),
        ]
        query = exp.select(*shown).from_(exp.alias_(exp.to_table(self.level.subjects), SUBJECT, table=True))
        same = exp.EQ(this=column(own, MEMBERSHIP), expression=column(own, SUBJECT))
        since = exp.LTE(this=column("since", MEMBERSHIP), expression=_now())
        query = query.join(exp.alias_(exp.to_table("membership_history"), MEMBERSHIP, table=True), on=exp.and_(same, since, copy=False))
        linked = exp.EQ(this=column(other, USERS), expression=column(other, MEMBERSHIP))
        return query.join(exp.alias_(exp.to_table(of.value), USERS, table=True), on=linked)
