"""Changes of membership as calls in Segment's spec, made of the temporary relation `run_change`.

`run_change(kind, source, destination, user_id, change, payload, rest, id_json)`: what the outbox has, and of calls about members `rest`,
the text of the payload after its opening brace, with the comma that it needs behind another member, and `id_json`, the id of an account
as JSON, where the member is one. Of a message `id_json` is its own id, and `rest` says how to read its payload and what it has in common
with others (messaging/policy/alike.py).

The fields are those of https://segment.com/docs/connections/spec/common/ (type, userId, messageId, timestamp, context.traits), the
two ways to tell a membership those of https://segment.com/docs/engage/using-engage-data/: a track call `Audience Entered` or
`Audience Exited` whose properties hold `audience_key` and the audience's name as a boolean; an identify call with that boolean as a trait.
Of accounts the track call has `context.groupId` in place of `userId`, and a group call (https://segment.com/docs/connections/spec/group/)
with that boolean stands for identify.
"""

import json
from collections.abc import Mapping, Sequence

from sqlglot import exp

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.destinations import Call
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.alike import REST
from engage_cli.outputs.columns import sent_columns, sent_members, with_sent
from engage_cli.outputs.rows import rows_of
from engage_cli.outputs.syncs import Telling
from engage_cli.state.instants import iso
from engage_cli.state.messages import NONE_UNRENDERED
from engage_cli.state.outbox import ACCOUNT_TRACK, GROUP, RunFile
from engage_cli.state.runs import Run
from engage_cli.state.tables import Change, Told

_EVENTS = {Change.ENTERED: "Audience Entered", Change.EXITED: "Audience Exited"}


def call_about(of: Subject, call: Call) -> str:
    """How a call about a kind of subject is recorded in the state: the call, or what stands for it where it is about an account."""
    if of is Subject.USERS:
        return call.value
    return ACCOUNT_TRACK if call is Call.TRACK else GROUP


def written_call(call: str) -> str:
    """The call that a recorded one is, as its `type` says."""
    return Call.TRACK.value if call == ACCOUNT_TRACK else call


def stage_new_changes(engine: Engine, audiences: Mapping[str, Audience], tellings: Sequence[Telling] = ()) -> None:
    """Make `run_change` before the commit: of `membership_change`, and for destinations of `sync_change` and `list_change`."""
    engine.execute("DROP TABLE IF EXISTS temp.main.change_trait")
    own = [telling for telling in tellings if telling.of_its_own and telling.has_files]
    engine.create("change_trait", _with_sent(audiences, own))
    engine.execute(_DROP)
    lists = ROWS_OF_LISTS if any(telling.is_list for telling in tellings) else ""
    of_accounts = [audience.name for audience in audiences.values() if audience.of is Subject.ACCOUNTS]
    engine.execute(_STAGE_NEW.replace("{lists}", lists), [of_accounts])


def stage_committed_changes(engine: Engine, run: int) -> None:
    """Make `run_change` of a committed run's outbox, to write its files again, and the `run_edition`s of its messages."""
    engine.execute(_DROP)
    engine.execute(_STAGE_COMMITTED.replace("{rest}", REST), [run])
    engine.execute(_EDITIONS)
    engine.execute(NONE_UNRENDERED)


def calls_query(run: Run, file: RunFile) -> exp.Expr:
    """The rows of one file of a run's folder, in the order of user ids."""
    match file.call:
        case Call.TRACK:
            columns = _track(run, file)
        case Call.IDENTIFY:
            columns = _identify(run, file)
        case _:
            columns = _track_account(run, file) if file.call == ACCOUNT_TRACK else _group(run, file)
    user_id = exp.column("user_id")
    return (
        exp.select(*(value.as_(name, quoted=True) for name, value in columns.items()))
        .from_("run_change")
        .where(rows_of(file))
        .order_by(exp.Ordered(this=user_id, nulls_first=True))
    )


_DROP = "DROP TABLE IF EXISTS temp.main.run_change"
_STAGE_NEW = """
    CREATE TEMP TABLE run_change AS
    SELECT kind, source, destination, user_id, change,
        CASE WHEN members IS NULL THEN NULL ELSE '{' || substr(members, 2) || '}' END AS payload, coalesce(members, '') || '}' AS rest,
        CASE WHEN list_contains(CAST(? AS VARCHAR[]), source) THEN CAST(to_json(user_id) AS VARCHAR) END AS id_json
    FROM change_trait {lists} ORDER BY kind, source, destination NULLS FIRST, user_id
"""
ROWS_OF_LISTS = """
    UNION ALL
    SELECT 'list', list, destination, user_id, change, identifiers, NULL, NULL
    FROM list_change SEMI JOIN list_pair ON list_pair.destination = list_change.destination AND list_pair.list = list_change.list
        AND list_pair.of <> 'each user'
    UNION ALL
    SELECT 'each', list, destination, user_id, CASE change WHEN 'added' THEN 'entered' ELSE 'exited' END, identifiers, '}', NULL
    FROM list_change SEMI JOIN list_pair ON list_pair.destination = list_change.destination AND list_pair.list = list_change.list
        AND list_pair.of = 'each user'
"""
"""The rows of `list_change`, for the statement that makes `run_change`."""
_EDITIONS = "CREATE OR REPLACE TEMP TABLE run_edition AS SELECT edition, template, texts, setting FROM state.main.template_edition"
_STAGE_COMMITTED = """
    CREATE TEMP TABLE run_change AS
    SELECT kind, source, destination, user_id, change, payload,
        CASE
            WHEN kind = 'message' THEN {rest}
            WHEN kind = 'each' OR payload IS NULL OR payload = '{}' THEN '}' ELSE ',' || substr(payload, 2)
        END AS rest,
        CASE WHEN kind = 'message' THEN CAST(payload->'$.message_id' AS VARCHAR) ELSE CAST(to_json(user_id) AS VARCHAR) END AS id_json
    FROM state.main.outbox WHERE run = ? ORDER BY kind, source, destination NULLS FIRST, user_id
"""


def _with_sent(audiences: Mapping[str, Audience], own: Sequence[Telling]) -> exp.Expr:
    """What is told of memberships, with `members`: what each audience's `with` says, as the inside of a JSON object."""
    alike: dict[tuple[bool, tuple[str, ...], tuple[str, ...], Subject], list[Audience]] = {}
    for audience in audiences.values():
        sent = tuple(name for name in sent_columns(audience) if name != audience.name)
        alike.setdefault((audience.has_with, sent, audience.with_entities, audience.of), []).append(audience)
    parts = []
    for (has_with, *_), members in sorted(alike.items(), key=lambda item: item[0][0]):
        # The boolean of an identify call has the audience's own name; a trait of that name would contradict it.
        sent_along = {name: value for name, value in sent_columns(members[0]).items() if name != members[0].name} if has_with else None
        parts.append(_of_audiences(members, sent_along, _CHANGED))
        pairs = [(one.destination.name, one.audience.name) for one in own if one.audience in members]
        if pairs:
            parts.append(_of_audiences(members, sent_along, _SYNCED).where(_among(pairs)))
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


_CHANGED = {
    "kind": exp.Literal.string(Told.MEMBERSHIP.value),
    "source": exp.column("audience", table="changed"),
    "destination": exp.cast(exp.null(), exp.DType.VARCHAR),
    "": exp.column("user_id", table="changed"),
}
"""Columns of a change of membership, and last, under no name, the id by which its traits are found."""
_SYNCED = {
    "kind": exp.Literal.string(Told.SYNC.value),
    "source": exp.column("audience", table="changed"),
    "destination": exp.column("destination", table="changed"),
    "": exp.column("now_id", table="changed"),
}
"""The same of what a destination is told that was behind."""


def _among(pairs: Sequence[tuple[str, str]]) -> exp.Expr:
    destination, audience = (exp.column(name, table="changed") for name in ("destination", "audience"))
    return exp.or_(*(exp.and_(destination.eq(name), audience.eq(source)) for name, source in pairs))


def _of_audiences(audiences: list[Audience], sent: Mapping[str, exp.Expr] | None, columns: Mapping[str, exp.Expr]) -> exp.Select:
    relation = "membership_change" if columns is _CHANGED else "sync_change"
    told = [value.copy().as_(name) for name, value in columns.items() if name]
    told += [exp.column(name, table="changed").as_(name) for name in ("user_id", "change")]
    members: exp.Expr = exp.cast(exp.null(), exp.DType.VARCHAR) if sent is None else sent_members(sent)
    query = (
        exp.select(*told, members.as_("members"))
        .from_(exp.alias_(exp.to_table(relation), "changed", table=True))
        .where(exp.column("audience", table="changed").isin(*(audience.name for audience in audiences)))
    )
    return with_sent(query, audiences[0], exp.column("audience", table="changed"), columns[""]) if sent else query


def _track(run: Run, file: RunFile) -> dict[str, exp.Expr]:
    columns = {
        "type": exp.Literal.string("track"),
        "event": _by_change(_EVENTS),
        **_common(run, file),
        "properties": _json(_by_change({change: _properties(run, file, change) for change in Change})),
    }
    if file.with_traits:
        columns["context"] = _json(_concat('{"traits":', exp.column("payload"), "}"))
    return columns


def _identify(run: Run, file: RunFile) -> dict[str, exp.Expr]:
    return {
        "type": exp.Literal.string("identify"),
        **_common(run, file),
        "traits": _json(_concat(_flags(file), exp.column("rest"))),
    }


def _track_account(run: Run, file: RunFile) -> dict[str, exp.Expr]:
    parts = ['{"groupId":', exp.column("id_json"), *((',"traits":', exp.column("payload")) if file.with_traits else ()), "}"]
    return {
        "type": exp.Literal.string("track"),
        "event": _by_change(_EVENTS),
        **_stamped(run, file),
        "properties": _json(_by_change({change: _properties(run, file, change) for change in Change})),
        "context": _json(_concat(*parts)),
    }


def _group(run: Run, file: RunFile) -> dict[str, exp.Expr]:
    return {
        "type": exp.Literal.string("group"),
        "groupId": exp.column("user_id"),
        **_stamped(run, file),
        "traits": _json(_concat(_flags(file), exp.column("rest"))),
    }


def _flags(file: RunFile) -> exp.Expr:
    """The beginning of an object: the audience's name as a boolean."""
    return _by_change({change: f"{{{json.dumps(file.source)}:{json.dumps(change is Change.ENTERED)}" for change in Change})


def _common(run: Run, file: RunFile) -> dict[str, exp.Expr]:
    return {"userId": exp.column("user_id"), **_stamped(run, file)}


def _stamped(run: Run, file: RunFile) -> dict[str, exp.Expr]:
    cause = _concat(f"{file.call}:{run.name}:{file.source}:", exp.column("change"), ":", exp.column("user_id"))
    return {
        "messageId": exp.Anonymous(this="MD5", expressions=[cause]),
        "timestamp": exp.Literal.string(iso(run.as_of)),
    }


def _properties(run: Run, file: RunFile, change: Change) -> str:
    """The properties of a track call. An audience called as one of the other two has no boolean: the event says it."""
    fixed = {"audience_key": file.source, "run": run.name}
    flag = {file.source: change is Change.ENTERED}
    return json.dumps({"audience_key": None} | flag | fixed)


def _by_change(values: Mapping[Change, str]) -> exp.Expr:
    case = exp.Case()
    for change, value in values.items():
        case = case.when(exp.column("change").eq(change.value), exp.Literal.string(value))
    return case


def _json(text: exp.Expr) -> exp.Expr:
    return exp.cast(text, exp.DType.JSON)


def _concat(*parts: exp.Expr | str) -> exp.Expr:
    return exp.Concat(expressions=[exp.Literal.string(part) if isinstance(part, str) else part for part in parts])
