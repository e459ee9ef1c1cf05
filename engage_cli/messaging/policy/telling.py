"""What files say of messages: rows of the outbox, made of `p_message` and `p_person`.

`p_told(kind, source, destination, user_id, change, payload, rest, id_json)`: of kind `message` for each channel with all that a message is
made of, of kind `skipped` who gets none, and why; see `run_change` in outputs/calls.py.
"""

import json
from collections.abc import Mapping, Sequence

from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.alike import AS_LINE, RENDERED
from engage_cli.messaging.policy.linked import RELATION, Shown
from engage_cli.sql.functions import e_to_json
from engage_cli.sql.literals import column, text_literal


def make_told(engine: Engine, editions: Mapping[str, str], shown: Mapping[str, Shown], *, with_language: bool) -> None:
    """Make `p_told`. By template: `editions` the hash of its text, `shown` what it looks at. `with_language`: there is a trait that holds a
    person's language. Needs `p_linked` where a template shows more than the person."""
    names = sorted(editions)
    told = _TOLD.replace("{profiled}", engine.render(_profiled(shown, with_language=with_language)))
    engine.execute(told, [names, [editions[name] for name in names]])


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


# A message with variables is the text of its line, so that files are made of it as it stands: see outputs/message_text.py. What the
# messages of a campaign have in common is made into text once, `said`; `||` would copy the text anew at each of its pieces. A row of `said`
# has a number of its own in `rest`: files read what it says of one message alone (alike.py), so that all of it has to be in `alike`.
_TOLD = """
    CREATE OR REPLACE TEMP TABLE p_told AS
    WITH edition AS (SELECT unnest(CAST(? AS VARCHAR[])) AS template, unnest(CAST(? AS VARCHAR[])) AS edition),
    alike AS (
        SELECT DISTINCT template, channel, kind, campaign, step, variant, category, "group", render, settings FROM p_message
        WHERE reason IS NULL
    ), texts AS (
        SELECT *, coalesce(CAST(to_json(step) AS VARCHAR), 'null') AS step_text,
            coalesce(CAST(to_json(variant) AS VARCHAR), 'null') AS variant_text,
            coalesce(CAST(to_json("group") AS VARCHAR), 'null') AS group_text
        FROM alike JOIN edition USING (template)
    ), said AS (
        SELECT template, channel, kind, campaign, step, variant, category, "group", render, settings,
            concat(',"template":', to_json(template), ',"language":') AS of_template,
            CASE render WHEN 'variables' THEN concat(
                ',"subject":' || CAST(settings->'$.subject' AS VARCHAR), ',"from":' || CAST(settings->'$.from' AS VARCHAR),
                ',"reply_to":' || CAST(settings->'$.reply_to' AS VARCHAR), ',"preheader":' || CAST(settings->'$.preheader' AS VARCHAR)
            ) ELSE concat(',"channel":', to_json(channel), ',"kind":', to_json(kind)) END AS of_channel,
            concat(
                ',"campaign":', to_json(campaign), ',"step":', step_text, ',"variant":', variant_text, ',"category":', to_json(category),
                ',"group":', group_text, ',"scheduled_at":"'
            ) AS of_campaign,
            CASE render WHEN 'variables' THEN '' ELSE ',"settings":' || CAST(json(settings) AS VARCHAR) END AS of_settings,
            concat(
                CASE render WHEN 'variables' THEN concat(
                    ',"campaign":{"kind":', to_json(kind), ',"name":', to_json(campaign), ',"channel":', to_json(channel), ',"category":',
                    to_json(category), ',"group":' || CAST(to_json("group") AS VARCHAR), ',"step":' || CAST(to_json(step) AS VARCHAR),
                    ',"variant":' || CAST(to_json(variant) AS VARCHAR), '}}'
                ) END,
                ',"render":', to_json(render), ',"edition":"', edition, '"}'
            ) AS of_edition,
            concat(edition, CASE render WHEN 'variables' THEN '{as_line}' ELSE '{rendered}' END, row_number() OVER ()) AS rest
        FROM texts
    ), shown AS (
        SELECT m.* REPLACE (CAST(json(m.profile) AS VARCHAR) AS profile, CAST(json(m.context) AS VARCHAR) AS context),
            concat(
                '{"message_id":', to_json(m.message_id), ',"user_id":', to_json(m.user_id), ',"to":',
                coalesce(CAST(to_json(m."to") AS VARCHAR), 'null'), s.of_template, coalesce(CAST(to_json(m.language) AS VARCHAR), 'null'),
                s.of_channel, s.of_campaign, {scheduled}, '","send_at":"', {sent}, '"'
            ) AS begun,
            concat(',"account":' || CAST(json(m.account) AS VARCHAR), ',"entities":' || CAST(json(m.entities) AS VARCHAR)) AS linked,
            s.of_settings, s.of_edition, s.rest
        FROM ({profiled}) AS m JOIN said AS s ON s.settings = m.settings AND s.template = m.template AND s.campaign = m.campaign
            AND s.step IS NOT DISTINCT FROM m.step AND s.variant IS NOT DISTINCT FROM m.variant AND s.kind = m.kind
            AND s.channel = m.channel AND s.category = m.category AND s."group" IS NOT DISTINCT FROM m."group" AND s.render = m.render
    )
    SELECT 'message' AS kind, channel AS source, channel AS destination, user_id, 'sent' AS change,
        CASE render
            WHEN 'variables' THEN concat(begun, ',"variables":{"profile":', profile, linked, ',"context":', context, of_edition)
            ELSE concat(begun, ',"zone":', to_json(zone), of_settings, ',"profile":', profile, ',"context":', context, linked, of_edition)
        END AS payload,
        rest, CAST(to_json(message_id) AS VARCHAR) AS id_json
    FROM shown
    UNION ALL
    SELECT 'skipped', 'skipped', NULL, user_id, 'skipped', CAST(to_json({
            'message_id': message_id, 'user_id': user_id, 'campaign': campaign, 'step': step, 'reason': reason, 'rule': rule
        }) AS VARCHAR), '}', CAST(to_json(user_id) AS VARCHAR)
    FROM p_message WHERE reason IS NOT NULL
"""
_INSTANT = """
    CASE WHEN date_trunc('second', {instant}) = {instant} THEN strftime({instant}, '%Y-%m-%dT%H:%M:%SZ') ELSE text_of_instant({instant}) END
"""
"""An instant as text. Nearly all are whole seconds, which take a fifth of the time."""
for _name, _column in (("{scheduled}", "m.scheduled_at"), ("{sent}", "m.send_at")):
    _TOLD = _TOLD.replace(_name, _INSTANT.replace("{instant}", _column).strip())
_TOLD = _TOLD.replace("{as_line}", AS_LINE).replace("{rendered}", RENDERED)
