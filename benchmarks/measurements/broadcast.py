"""Two broadcasts to as many people as there are users, with consent and a cap: one with its variables, and on the next day one rendered."""

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.answers import Answer, answer_sql
from benchmarks.process import THREADS, Usage, run_engage
from benchmarks.results import ENGAGE, Row, compared, of_cost, of_process
from benchmarks.setting import Setting
from benchmarks.systems.broadcasts import ADDRESSED
from benchmarks.systems.call import Cost, call

SENT = datetime(2026, 11, 23, 9)  # noqa: DTZ001 - naive UTC, as everywhere in DuckDB
MEMORY = "500MB"
"""What DuckDB may use: a run of a million recipients is to take less than 1 GB (10^9 bytes) in all."""
BY_HAND = "hand-written SQL: who is sent to"
_CONFIG = f"""project: benchmark
timezone: UTC
engine: {{memory_limit: {MEMORY}, threads: {THREADS}}}
sources:
  events: {{path: events.parquet}}
  profiles: {{path: profiles.parquet}}
  consents: {{path: consents.parquet}}
messaging:
  channels: {{email: {{address: email, from: "Acme <hello@acme.example>"}}}}
  groups: [promotions]
  frequency_caps: [{{channel: email, at_most: 2, per: 2 days}}]
  urls: {{unsubscribe: "https://acme.example/u/{{token}}"}}
"""
_BROADCAST = """broadcast: {name}
status: live
channel: email
recipients: {{everyone: true}}
exclude: {{event: Order Completed, within: 3 days}}
group: promotions
template: letter
send_at: {send_at}
render: {render}
"""
_LETTER = """---
subject: "{{ profile.first_name | default('Hello') }}, the sale begins"
---
<html><body><p>Hi {{ profile.first_name | default("there") }},</p>
{% if profile.plan == "pro" %}<p>As one of our best customers you are in early.</p>{% else %}<p>The sale begins today.</p>{% endif %}
<p><a href="https://shop.acme.example/sale" style="color: #1f5d4c;">To the sale</a></p>
<p style="font-size: 12px;">Acme Shop, 1 Market Row, {{ profile.city | default("London") }}. You get this because you are our customer.
<a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
_PEOPLE = {
    # One in fifty has no address, one in a hundred one that is none, and one in 500 that of somebody else.
    "profiles": """
        SELECT 'u' || n AS user_id, CASE WHEN n % 50 = 7 THEN NULL WHEN n % 100 = 9 THEN 'person at example.com'
            ELSE 'person' || (n - CASE WHEN n % 500 = 11 THEN 1 ELSE 0 END) || '@example.com' END AS email,
            'Name' || n % 5000 AS first_name, 'Town ' || n % 300 AS city, CASE WHEN n % 10 = 0 THEN 'pro' ELSE 'free' END AS plan
        FROM range({users}) AS t(n)""",
    "consents": """
        SELECT 'u' || n AS user_id, 'email' AS channel, 'promotions' AS "group", TIMESTAMP '2026-01-01' AS updated_at,
            CASE WHEN n % 13 = 5 THEN 'unsubscribed' ELSE 'subscribed' END AS status
        FROM range({users}) AS t(n)""",
    "events": """
        SELECT 'e' || n AS message_id, 'u' || n * 17 AS user_id, 'Order Completed' AS event,
            TIMESTAMP '{sent}' - to_hours(1 + n % 100) AS timestamp
        FROM range({users} // 17) AS t(n)""",
}


def broadcast(setting: Setting) -> list[Row]:
    """Who is sent to, decided and written, the second time beside a ledger of the first. By hand: the same people, in the same tables."""
    os.environ["ENGAGE_UNSUBSCRIBE_KEY"] = "the key of the benchmark"
    folder = setting.place("projects") / "broadcast"
    _make(folder, setting.users)
    rows = []
    by_hand = folder / "by-hand.duckdb"
    for name, days in (("variables", 0), ("message", 1)):
        title, at = f"broadcast: render {name}", SENT + timedelta(days=days)
        sent = run_engage(folder, "broadcast", "send", f"sale_{name}", "--as-of", f"{at.isoformat()}Z", "--json", "--verbose")
        hand = call("choose_recipients", folder=str(folder), database=str(by_hand), campaign=f"sale_{name}", as_of=at.isoformat())
        rows += compared([_of_send(title, folder, sent, hand), of_cost(title, BY_HAND, hand)], BY_HAND)
    return rows


def _of_send(title: str, folder: Path, usage: Usage, by_hand: Cost) -> Row:
    """A broadcast, whose `cpu` is that of its stages: all but Python's start and reading the definitions."""
    row = of_process(title, ENGAGE, usage)
    if usage.failed:
        return row
    stages: dict[str, float] = {}
    for one in json.loads(usage.output)["timings"]:
        stages[one["stage"]] = stages.get(one["stage"], 0) + one["cpu_seconds"]
    problem = "" if by_hand.problem or by_hand.answers["sent"] == _sent(folder) else "ANSWERS DIFFER"
    note = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in stages.items())
    return replace(row, cpu=sum(stages.values()), stages=stages, note=note, problem=problem)


def _sent(folder: Path) -> Answer:
    """To which addresses the latest run sent: of those who share one, any may get it."""
    path = max((folder / "out/runs").glob("*/messages/email.jsonl"))
    with duckdb.connect() as connection:
        lines = f"read_json('{path}', format = 'newline_delimited', maximum_object_size = 50000000, columns = {{'to': 'VARCHAR'}})"
        return Answer(*connection.execute(answer_sql(ADDRESSED.format(sent=lines))).fetchall()[0])


def _make(folder: Path, users: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for inner in ("campaigns/broadcasts", "campaigns/templates"):
        (folder / inner).mkdir(parents=True)
    (folder / "engage.yaml").write_text(_CONFIG)
    (folder / "campaigns/templates/letter.html").write_text(_LETTER)
    for name, days in (("variables", 0), ("message", 1)):
        text = _BROADCAST.format(name=f"sale_{name}", send_at=f"{SENT + timedelta(days=days):%Y-%m-%d %H:%M}", render=name)
        (folder / f"campaigns/broadcasts/sale_{name}.yaml").write_text(text)
    with duckdb.connect(config={"threads": THREADS}) as connection:
        for kind, query in _PEOPLE.items():
            connection.execute(f"COPY ({query.format(users=users, sent=SENT)}) TO '{folder / kind}.parquet' (FORMAT parquet)")
