"""Evaluating the audiences of a run: everybody, or only the users who can have changed since the run before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.project import ENTITIES, Project
from engage_cli.engine.base import Engine
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.predicates import Plan
from engage_cli.plan.touched import Passed, Touch, orders_events, passed_between
from engage_cli.service.member_entities import make_member_entities
from engage_cli.service.results.common import Looked
from engage_cli.service.workspace import Staged, with_tables
from engage_cli.sql.compile import Compiled, compile_plan
from engage_cli.state.inputs import files_read_by
from engage_cli.state.runs import Clock, Reason, RunPlan, clocks_of, run_numbered
from engage_cli.state.store import State

MEMBERS = "member_now"
"""The relation of who is in which audience: where every audience is a table of its own that stays, no copy of them all."""
MOST = 0.3
"""The share of users beyond which all are looked at: with more, cutting the events down to theirs costs more than it spares."""


class Revisit(Struct, frozen=True):
    """Audiences that may be evaluated for touched users alone, and what to ask of the data for it."""

    audiences: frozenset[str]
    touch: Touch


def revisit(project: Project, state: State | None, run_plan: RunPlan) -> Revisit | None:
    """What of a run may be confined to touched users: the audiences of one earlier run whose windows can be followed."""
    clocks = clocks_of(state)
    if state is None:
        return None
    later = [build for build, reason in zip(run_plan.builds, run_plan.reasons, strict=True) if reason in (Reason.LATER, Reason.INPUTS)]
    same = [clocks[build.audience] for build in later if clocks[build.audience].definition == build.definition]
    if not same:
        return None
    [(run, _)] = Counter(clock.run for clock in same).most_common(1)
    if run_numbered(state.engine, run).tool_version != run_plan.run.tool_version:
        return None  # another version may have understood a condition otherwise
    before = [clock for clock in same if clock.run == run]
    files = files_read_by(state.engine, run)
    now = {(file.kind, file.path, file.sha256) for file in run_plan.files}
    changed = {file for file in files if file[0] == ENTITIES} != {file for file in now if file[0] == ENTITIES}
    passed = _passed(project, before, run_plan.run.as_of, entities_changed=changed)
    if not passed:
        return None
    windows = tuple(sorted({one for found in passed.values() for one in found}, key=lambda one: (one.names, one.low, one.high)))
    return Revisit(frozenset(passed), Touch(before[0].as_of, files, windows))


def _passed(project: Project, clocks: Sequence[Clock], as_of: datetime, *, entities_changed: bool) -> Mapping[str, tuple[Passed, ...]]:
    names = [clock.audience for clock in clocks]
    earlier = _plan(project, names, clocks[0].as_of)
    now = _plan(project, names, as_of)
    # A trait that is sent along is of everybody, and so is what it is computed of, and rows that made somebody a member.
    alone = [
        name
        for name in names
        if not now.audiences[name].with_entities and not any(path.name in now.traits for path in now.audiences[name].sent)
    ]
    found = {name: passed_between(earlier, now, name, entities_changed=entities_changed) for name in alone}
    return {name: passed for name, passed in found.items() if passed is not None}


def _plan(project: Project, names: Iterable[str], as_of: datetime) -> Plan:
    return with_tables(plan_audiences(project, tuple(names), as_of, project.config.timezone), project.config.sources)


def evaluate(staged: Staged, again: Revisit | None, *, sent: bool = False) -> tuple[Looked, dict[str, str]]:
    """Make `member_now` of the plan's audiences, and where some look at touched users alone `touched_user`; with `sent` the rows of
    entities that go along with members.

    What was looked at, and the statements that ran by relation.
    """
    looked = _looked(staged, again)
    everybody = tuple(name for name in staged.plan.asked if name not in looked.audiences)
    ran: dict[str, str] = {}
    if everybody or not looked.audiences:
        made = _run(staged, everybody, ran, of_everybody=True)
        if looked.audiences:
            staged.engine.create(MEMBERS, made.all_members())
        else:
            staged.engine.define(MEMBERS, made.all_members())
        if sent:
            make_member_entities(staged.engine, made)
        if looked.audiences:
            _drop(staged.engine, made)
    if looked.audiences:
        some = tuple(name for name in staged.plan.asked if name in looked.audiences)
        plan = _plan(staged.project, some, staged.plan.as_of)
        staged.engine.restrict(plan.needs, with_ids=orders_events(plan))
        gone = exp.select("user_id").from_("touched_gone")
        staged.engine.create("touched_user", exp.union(exp.select("user_id").from_("users"), gone, distinct=False))
        members = _run(staged, some, ran, of_everybody=False).all_members()
        if everybody:
            staged.engine.execute(exp.insert(members, MEMBERS))
        else:
            staged.engine.define(MEMBERS, members)
    return looked, ran


def _looked(staged: Staged, again: Revisit | None) -> Looked:
    touched, users = staged.staging.touched, staged.staging.users
    if again is None or touched is None:
        return Looked(users)
    if isinstance(touched, str):
        return Looked(users, why=touched)
    if touched > MOST * users:
        return Looked(users, why=f"{touched} of {users} users may have changed, and to look at all of them costs no more")
    return Looked(touched, tuple(sorted(again.audiences & set(staged.plan.asked))))


def _run(staged: Staged, names: Sequence[str], ran: dict[str, str], *, of_everybody: bool) -> Compiled:
    """Run the relations behind some audiences, in order."""
    compiled = staged.compiled
    if set(names) != set(staged.plan.asked):
        compiled = compile_plan(_plan(staged.project, names, staged.plan.as_of), staged.staging.catalog)
    for name, query in compiled.steps():
        ran[name] = staged.engine.render(query)
        staged.engine.create(name, query, of_everybody=of_everybody, text=ran[name])
    return compiled


def _drop(engine: Engine, compiled: Compiled) -> None:
    """Take away relations of a run over everybody, whose names the next one needs."""
    for name, _ in compiled.steps():
        engine.drop(name)
