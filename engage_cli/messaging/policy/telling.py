"""What files say of messages: rows of the outbox, made of `p_message` and `p_person`.

`p_told(kind, source, destination, user_id, change, payload, rest, id_json)`: of kind `message` for each channel with all that a message is
made of, of kind `skipped` who gets none, and why; see `run_change` in outputs/calls.py.
"""

import json
from collections.abc import Mapping, Sequence

from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.linked import RELATION, Shown
from engage_cli.sql.functions import e_to_json
from engage_cli.sql.literals import column, text_literal


def make_told(engine: Engine, editions: Mapping[str, str], shown: Mapping[str, Shown], *, with_language: bool) -> None:
    """Make `p_told`. By template: `editions` the hash of its text, `shown` what it looks at. `with_language`: there is a trait that holds a
    person's language. Needs `p_linked` where a template shows more than the person."""
    engine.execute("DROP TABLE IF EXISTS temp.main.p_profiled")
    engine.create("p_profiled", _profiled(shown, with_language=with_language))
    names = sorted(editions)
    engine.execute(_TOLD, [names, [editions[name] for name in names]])


def _profiled(shown: Mapping[str, Shown], *, with_language: bool) -> exp.Select:
    """Every message that is sent, with the traits that its template looks at as one object, without the missing ones; and `account` and
    `entities`, NULL where it looks at none."""
    cases = [
        exp.If(this=column("template", "m").eq(text_literal(name)), true=_object(one.profile))
        for name, one in sorted(shown.items())
        if one.profile
    ]
    nobody = _object(())
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("m"))
    language = column("language", "p") if with_language else exp.cast(exp.null(), "VARCHAR")
    profile = exp.Case(ifs=cases, default=nobody) if cases else nobody
    account = _where_shown("account", [name for name, one in sorted(shown.items()) if one.account])
    entities = _where_shown("entities", [name for name, one in sorted(shown.items()) if one.entities])
    columns = [star, exp.alias_(profile, "profile"), exp.alias_(language, "language"), account, entities]
    query = exp.select(*columns).from_(exp.alias_(exp.to_table("p_message"), "m", table=True))
    same = exp.EQ(this=column("user_key", "p"), expression=column("user_key", "m"))
    query = query.join(exp.alias_(exp.to_table("p_person"), "p", table=True), on=same, join_type="left").where("m.reason IS NULL")
    if not any(one.is_linked for one in shown.values()):
        return query
    alike = exp.EQ(this=column("user_key", "l"), expression=column("user_key", "m"))
    return query.join(exp.alias_(exp.to_table(RELATION), "l", table=True), on=alike, join_type="left")


def _where_shown(name: str, templates: Sequence[str]) -> exp.Expr:
    """A column of `p_linked` for messages by these templates, else NULL."""
    cases = [exp.If(this=column("template", "m").eq(text_literal(one)), true=column(name, "l")) for one in templates]
    return exp.alias_(exp.Case(ifs=cases) if cases else exp.cast(exp.null(), "VARCHAR"), name)


def _object(names: Sequence[str]) -> exp.Expr:
    """The user's id and the traits of these names, without the missing ones, as the text of a JSON object."""
    members: list[exp.Expr] = [text_literal('{"user_id":'), exp.cast(e_to_json(column("user_id", "m")), "VARCHAR")]
    for name in names:
        start = text_literal(f",{json.dumps(name, ensure_ascii=False)}:")
        member = exp.DPipe(this=start, expression=exp.cast(column(f"profile:{name}", "p"), "VARCHAR"))
        members.append(exp.Coalesce(this=member, expressions=[text_literal("")]))
    return exp.Concat(expressions=[*members, text_literal("}")])


# A message with variables is the text of its line, so that files are made of it as it stands: see outputs/message_text.py.
_TOLD = """
    CREATE OR REPLACE TEMP TABLE p_told AS
    WITH edition AS (SELECT unnest(CAST(? AS VARCHAR[])) AS template, unnest(CAST(? AS VARCHAR[])) AS edition),
    shown AS (
        SELECT m.*, e.edition, text_of_instant(m.scheduled_at) AS scheduled_text, text_of_instant(m.send_at) AS send_text
        FROM p_profiled AS m JOIN edition AS e USING (template)
    )
    SELECT 'message' AS kind, channel AS source, channel AS destination, user_id, 'sent' AS change,
        CASE render WHEN 'variables' THEN
            CAST(to_json({
                'message_id': message_id, 'user_id': user_id, 'to': "to", 'template': template, 'language': language
            }) AS VARCHAR)[:-2]
            || coalesce(',"subject":' || CAST(settings->'$.subject' AS VARCHAR), '')
            || coalesce(',"from":' || CAST(settings->'$.from' AS VARCHAR), '')
            || coalesce(',"reply_to":' || CAST(settings->'$.reply_to' AS VARCHAR), '')
            || coalesce(',"preheader":' || CAST(settings->'$.preheader' AS VARCHAR), '')
            || ',' || CAST(to_json({
                'campaign': campaign, 'step': step, 'variant': variant, 'category': category, 'group': "group",
                'scheduled_at': scheduled_text, 'send_at': send_text
            }) AS VARCHAR)[2:-2]
            || ',"variables":{"profile":' || CAST(json(profile) AS VARCHAR)
            || coalesce(',"account":' || CAST(json(account) AS VARCHAR), '')
            || coalesce(',"entities":' || CAST(json(entities) AS VARCHAR), '') || ',"context":' || CAST(json(context) AS VARCHAR)
            || ',"campaign":' || CAST(to_json({
                'kind': kind, 'name': campaign, 'channel': channel, 'category': category
            }) AS VARCHAR)[:-2]
            || coalesce(',"group":' || CAST(to_json("group") AS VARCHAR), '') || coalesce(',"step":' || CAST(to_json(step) AS VARCHAR), '')
            || coalesce(',"variant":' || CAST(to_json(variant) AS VARCHAR), '') || '}}'
        ELSE
            CAST(to_json({
                'message_id': message_id, 'user_id': user_id, 'to': "to", 'template': template, 'language': language, 'channel': channel,
                'kind': kind, 'campaign': campaign, 'step': step, 'variant': variant, 'category': category, 'group': "group",
                'scheduled_at': scheduled_text, 'send_at': send_text, 'zone': zone, 'settings': CAST(settings AS JSON),
                'profile': CAST(profile AS JSON), 'context': CAST(context AS JSON)
            }) AS VARCHAR)[:-2]
            || coalesce(',"account":' || CAST(json(account) AS VARCHAR), '')
            || coalesce(',"entities":' || CAST(json(entities) AS VARCHAR), '')
        END || ',"render":' || CAST(to_json(render) AS VARCHAR) || ',"edition":"' || edition || '"}' AS payload,
        edition || CASE render WHEN 'variables' THEN 'v' ELSE 'm' END || coalesce(CAST(to_json("group") AS VARCHAR), 'null') AS rest,
        CAST(to_json(message_id) AS VARCHAR) AS id_json
    FROM shown
    UNION ALL
    SELECT 'skipped', 'skipped', NULL, user_id, 'skipped', CAST(to_json({
            'message_id': message_id, 'user_id': user_id, 'campaign': campaign, 'step': step, 'reason': reason, 'rule': rule
        }) AS VARCHAR), '}', CAST(to_json(user_id) AS VARCHAR)
    FROM p_message WHERE reason IS NOT NULL
"""
