"""Files of messages: by engage from what was decided, and by hand from the same rows: a bare COPY, a bare loop over compiled templates."""

import json
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.answers import Answer
from benchmarks.process import THREADS
from benchmarks.systems.clock import Clock, Watch

MEMORY = {"jsonl": "500MB", "csv": "500MB", "parquet": "1GB"}
"""What DuckDB may use by the format that it writes, of engage and by hand. A million rows of Parquet take more than 500 MB of either."""
HTML = """<html><head></head><body><p>Hi {{ profile.first_name | default("there") }},</p>
{% if context.entry.cart_total > 50 %}
<p>Your basket of {{ context.entry.cart_total }} is still here, and the postage is on us.</p>
{% else %}
<p>Your basket of {{ context.entry.cart_total }} is still here, whenever you want to go on.</p>
{% endif %}
{% for item in context.entry["items"] %}
<p style="margin: 0;">{{ item.qty }} of {{ item.name }}, at {{ item.price }}</p>
{% endfor %}
<p><a href="https://shop.acme.example/basket/{{ context.entry.cart_id }}" style="color: #1f5d4c;">Back to the basket</a></p>
<p style="font-size: 12px;color: #777777;">Acme Shop, 1 Market Row, {{ profile.city | default("London") }}. You get this because you are our
customer. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
</body></html>
"""
"""The message, as engage writes it: the markup is as its inliner leaves it, so that both render the same."""
TEXT = """Hi {{ profile.first_name | default("there") }},

{% if context.entry.cart_total > 50 %}
Your basket of {{ context.entry.cart_total }} is still here, and the postage is on us.
{% else %}
Your basket of {{ context.entry.cart_total }} is still here, whenever you want to go on.
{% endif %}

{% for item in context.entry["items"] %}
{{ item.qty }} of {{ item.name }}, at {{ item.price }}
{% endfor %}

Back to the basket (https://shop.acme.example/basket/{{ context.entry.cart_id }})

Acme Shop, 1 Market Row, {{ profile.city | default("London") }}. You get this because you are our customer. Unsubscribe
({{ unsubscribe_url }})
"""
SUBJECT = "{{ profile.first_name | default('Hello') }}, your basket is waiting"
_DECIDED = """
    CREATE TEMP TABLE p_message AS
    SELECT md5('message ' || i) AS message_id, 'user-' || i AS user_id, CAST(i AS INTEGER) AS user_key,
        'person' || i || '@example.com' AS "to", 'letter' AS template, 'email' AS channel, 'journey' AS kind, 'cart_recovery' AS campaign,
        'nudge' AS step, CAST(NULL AS VARCHAR) AS variant, 'marketing' AS category, 'promotions' AS "group",
        TIMESTAMP '2026-11-01 10:00:00' + to_seconds(i % 86400) AS scheduled_at,
        TIMESTAMP '2026-11-01 10:00:00' + to_seconds(i % 86400) AS send_at,
        'Europe/London' AS zone, ? AS render, '{"group":"promotions"}' AS settings,
        CAST(to_json({'entry': {
            'cart_id': 'c' || i, 'cart_total': (i % 40000) / 400, 'items': [
                {'sku': 'a' || i % 977, 'name': 'Blue shoe & lace ' || i % 977, 'qty': 1 + i % 3, 'price': (i % 5000) / 100},
                {'sku': 'b' || i % 89, 'name': 'Hat ' || i % 89, 'qty': 1, 'price': (i % 700) / 20}
            ]
        }}) AS VARCHAR) AS context, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS rule
    FROM range(?) AS made(i)
"""
_PEOPLE = """
    CREATE TEMP TABLE p_person AS
    SELECT user_key, to_json('Name' || user_key % 5000) AS "profile:first_name", to_json('Town ' || user_key % 300) AS "profile:city"
    FROM p_message
"""
_OPTIONS = {
    "jsonl": "FORMAT json, ARRAY false",
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880",
    "csv": "FORMAT csv, HEADER true",
}
_FIELDS = (
    *("message_id", "user_id", "to", "template", "language", "variables", "campaign", "step", "variant", "category", "group"),
    *("scheduled_at", "send_at"),
)
"""What a line has of a message that comes with its variables. Parquet and CSV have all columns that a message can have."""
_ROWS = """
    CREATE TEMP TABLE message AS
    FROM read_json(?, format = 'newline_delimited', maximum_object_size = 50000000, columns = {columns})
    ORDER BY CAST(substring(user_id, 6) AS INTEGER)
"""
"""The rows of a file in the order in which they were decided."""


def write_manifest(out: str, messages: int, render: str, file_format: str) -> Clock:
    """Write the file of so many messages as a run does, from what was decided to the hash of the file."""
    from engage_cli.definitions.project import EngineSettings
    from engage_cli.engine.duckdb_engine import open_engine
    from engage_cli.files import sha256_of
    from engage_cli.messaging.policy.editions import Edition, stage_editions
    from engage_cli.messaging.policy.linked import Shown
    from engage_cli.messaging.policy.telling import make_told
    from engage_cli.outputs.messages import write_messages
    from engage_cli.outputs.ticks import stage_told
    from engage_cli.state.outbox import RunFile
    from engage_cli.state.tables import Told

    os.environ["ENGAGE_UNSUBSCRIBE_KEY"] = "the key of the benchmark"
    clock = Clock()
    path = Path(out)
    setting: dict[str, Any] = {"channels": {"email": "Acme <hello@acme.example>"}, "language": "en", "timezone": "Europe/London"}
    setting["urls"] = {"unsubscribe": "https://acme.example/u/{token}"}
    front = json.dumps({"subject": SUBJECT})
    edition = Edition("letter", json.dumps({"campaigns/templates/letter.html": f"---\n{front}\n---\n{HTML}"}), json.dumps(setting))
    with open_engine(path.parent, EngineSettings(MEMORY[file_format], THREADS, "tmp"), "Europe/London") as engine:
        engine.execute(_DECIDED, [render, messages])
        engine.execute(_PEOPLE)
        engine.execute("CREATE TEMP TABLE unrendered (message_id VARCHAR, rule VARCHAR)")
        stage_editions(engine, [edition])
        make_told(engine, {"letter": edition.id}, {"letter": Shown(("city", "first_name"))}, with_language=False)
        stage_told(engine)
        for table in ("p_message", "p_person"):
            engine.drop(table)
        with Watch() as watch, clock.question("write"):
            rows = write_messages(engine, RunFile(path.name, Told.MESSAGE, "email", "email", "message", False, None, file_format), path)
            sha256_of(path)
    clock.answers["write"] = Answer(rows, 0, 0)
    clock.together_mib = watch.peak_mib
    return clock


def copy_rows(source: str, out: str, file_format: str) -> Clock:
    """The rows of a file of messages, in a table with the columns of that file, by a bare COPY in the same order."""
    from engage_cli.outputs.message_text import COLUMNS

    clock = Clock()
    config = {"threads": THREADS, "memory_limit": "4GB", "temp_directory": str(Path(out).parent / "tmp")}
    with duckdb.connect(":memory:", config=config) as connection:
        columns = {name: "JSON" if name == "variables" else "VARCHAR" for name in (_FIELDS if file_format == "jsonl" else COLUMNS)}
        connection.execute(_ROWS.format(columns=columns), [source])
        connection.execute(f"SET memory_limit = '{MEMORY[file_format]}'")
        with clock.question("write"):
            [(rows,)] = connection.execute(f"COPY (FROM message ORDER BY message_id) TO '{out}' ({_OPTIONS[file_format]})").fetchall()
    clock.answers["write"] = Answer(rows, 0, 0)
    return clock


def render_loop(source: str, out: str, whole: bool, share: int = 0, of: int = 1) -> Clock:
    """The variables of a file of messages through Jinja, one after the other: the HTML alone, or with the text and the subject. Of several
    shares of the messages the one of that number."""
    from jinja2 import Environment

    clock = Clock()
    of_html = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(HTML).render
    others = Environment(trim_blocks=True, lstrip_blocks=True)
    of_text, of_subject = others.from_string(TEXT).render, others.from_string(SUBJECT).render
    with clock.question("write"):
        others_of = {"text": of_text, "subject": of_subject} if whole else {}
        rows = _loop(Path(source), Path(out), of_html, others_of, share, of)
    clock.answers["write"] = Answer(rows, 0, 0)
    return clock


def _loop(source: Path, out: Path, of_html: Callable[..., str], others: dict[str, Callable[..., str]], share: int, of: int) -> int:
    rows = 0
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with source.open(encoding="utf-8") as lines, out.open("w", encoding="utf-8") as written:
        for line in islice(lines, share, None, of):
            row = json.loads(line)
            variables = row.pop("variables")
            row["html"] = of_html(**variables)
            for name, render in others.items():
                row[name] = render(**variables)
            written.write(encode(row) + "\n")
            rows += 1
        written.flush()
        os.fsync(written.fileno())
    return rows
