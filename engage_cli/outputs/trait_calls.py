"""Values of computed traits that changed as calls in Segment's spec, made of the temporary relation `run_change` (see calls.py).

An identify call (of accounts a group call) carries the value as a trait, null where there is none any more. A track call is the event
`Trait Computed`, whose properties hold `trait_key` and the value under the trait's name; of accounts it has `context.groupId` in place of
`userId`. The fields are those of https://segment.com/docs/connections/spec/common/, the two ways to tell a trait those of
https://segment.com/docs/engage/using-engage-data/.
"""

import json
from collections.abc import Sequence

from sqlglot import exp

from engage_cli.definitions.destinations import Call, EventsDestination
from engage_cli.definitions.trait import Trait
from engage_cli.engine.base import Engine
from engage_cli.outputs.calls import call_about
from engage_cli.outputs.rows import rows_of
from engage_cli.sql.functions import e_json
from engage_cli.state.instants import iso
from engage_cli.state.outbox import ACCOUNT_TRACK, GROUP, RunFile
from engage_cli.state.runs import Run
from engage_cli.state.tables import Told

EVENT = "Trait Computed"


def trait_file(trait: Trait, destination: EventsDestination, *, of_its_own: bool) -> RunFile:
    """A file of a trait's changes for a destination, not written yet."""
    path = f"syncs/{destination.name}/traits/{trait.name}.{destination.format}"
    kind = Told.TRAIT_SYNC if of_its_own else Told.TRAIT
    call = call_about(trait.of, destination.call)
    return RunFile(path, kind, trait.name, destination.name, call, with_traits=False, columns=None, format=destination.format)


def stage_trait_changes(engine: Engine, told: Sequence[str]) -> None:
    """Make `run_change` before the commit: of `trait_change` for the traits `told` to those in step, and of `trait_sync`."""
    engine.execute("DROP TABLE IF EXISTS temp.main.run_change")
    engine.execute(_STAGE, [list(told)])


_STAGE = """
    CREATE TEMP TABLE run_change AS
    SELECT kind, source, destination, user_id, CASE WHEN value IS NULL THEN 'cleared' ELSE 'set' END AS change,
        '{' || to_json(source) || ':' || coalesce(value, 'null') || '}' AS payload,
        ',' || to_json(source) || ':' || coalesce(value, 'null') || '}' AS rest,
        CAST(to_json(user_id) AS VARCHAR) AS id_json
    FROM (
        SELECT 'trait' AS kind, trait AS source, CAST(NULL AS VARCHAR) AS destination, subject_id AS user_id, value
        FROM trait_change WHERE NOT gone AND list_contains(CAST(? AS VARCHAR[]), trait)
        UNION ALL
        SELECT 'trait_sync', trait, destination, subject_id, value FROM trait_sync
    )
    ORDER BY kind, source, destination NULLS FIRST, user_id
"""


def trait_calls_query(run: Run, file: RunFile) -> exp.Expr:
    """The rows of one file of a trait's changes, in the order of ids."""
    cause = _concat(f"{file.call}:{run.name}:trait:{file.source}:", exp.column("user_id"))
    stamped = {
        "messageId": exp.Anonymous(this="MD5", expressions=[cause]),
        "timestamp": exp.Literal.string(iso(run.as_of)),
    }
    user = exp.column("user_id")
    match file.call:
        case Call.IDENTIFY:
            columns = {"type": _text("identify"), "userId": user, **stamped, "traits": _json(exp.column("payload"))}
        case _ if file.call == GROUP:
            columns = {"type": _text("group"), "groupId": user, **stamped, "traits": _json(exp.column("payload"))}
        case _ if file.call == ACCOUNT_TRACK:
            context = _json(_concat('{"groupId":', exp.column("id_json"), "}"))
            columns = {"type": _text("track"), "event": _text(EVENT), **stamped, "properties": _properties(run, file), "context": context}
        case _:
            columns = {"type": _text("track"), "event": _text(EVENT), "userId": user, **stamped, "properties": _properties(run, file)}
    query = exp.select(*(value.as_(name, quoted=True) for name, value in columns.items())).from_("run_change").where(rows_of(file))
    return query.order_by(exp.Ordered(this=exp.column("user_id"), nulls_first=True))


def _properties(run: Run, file: RunFile) -> exp.Expr:
    """The properties of a track call. A trait called as one of the other two does not stand under its name, but as `value`."""
    fixed = {"trait_key": file.source, "run": run.name}
    beginning = json.dumps(fixed)[:-1]
    if file.source not in fixed:
        return _json(_concat(beginning, exp.column("rest")))
    value = exp.cast(e_json(_json(exp.column("payload")), (file.source,)), exp.DType.VARCHAR)
    return _json(_concat(f'{beginning},"value":', exp.Coalesce(this=value, expressions=[_text("null")]), "}"))


def _text(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def _json(text: exp.Expr) -> exp.Expr:
    return exp.cast(text, exp.DType.JSON)


def _concat(*parts: exp.Expr | str) -> exp.Expr:
    return exp.Concat(expressions=[exp.Literal.string(part) if isinstance(part, str) else part for part in parts])
