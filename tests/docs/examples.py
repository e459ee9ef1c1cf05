"""The examples of docs/conditions.md and docs/values.md: the data in their tables, the YAML blocks, and whom each says it matches.

An example is a fenced `yaml` block with a line `Matches: ana, ben` (or `Matches: nobody`) after it. It holds what stands under
`members`, or whole definitions, of which the last is asked. Blocks without that line are no examples. A `csv file=PATH` block is
a file of the project.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

from tests.reference.case import Case
from tests.reference.consents import ConsentRow
from tests.reference.dataset import AccountRow, Dataset, Entity, EventRow, Membership, ProfileRow
from tests.support.reference import load_yaml

DOCS = Path(__file__).parents[2] / "docs"
AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)
ZONE = "Europe/London"
ENGAGE_YAML = f"""\
project: docs
timezone: {ZONE}
sources:
  events:
    - path: data/events.jsonl
      columns: {{id: message_id, user_id: user_id, event: event, timestamp: timestamp, properties: properties}}
  profiles:
    - path: data/profiles.jsonl
      columns: {{user_id: user_id}}
  accounts: {{path: data/accounts.jsonl}}
  memberships: {{path: data/memberships.jsonl}}
  consents:
    - path: data/consents.jsonl
  entities:
    subscriptions: {{path: data/subscriptions.jsonl, key: id, links: {{user: user_id, account: account_id, products: product}}}}
    products: {{path: data/products.jsonl, key: sku}}
    invoices: {{path: data/invoices.jsonl, key: number, links: {{subscriptions: subscription}}}}
"""

Row = dict[str, Any]

_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```\n(?:\n*Matches: (?P<matches>[^\n]*)$)?", re.MULTILINE | re.DOTALL)
_LIST_FILE = re.compile(r"^```csv file=(?P<path>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One example of a page. `text` holds whole definitions; `name` is the id of the one that is asked."""

    page: str
    line: int
    name: str
    text: str
    matches: tuple[str, ...]

    @property
    def uses_sql(self) -> bool:
        """Whether it has an `sql` condition, which the plain evaluator does not know."""
        return "sql:" in self.text

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def page_text(page: str) -> str:
    """The text of a page of docs/."""
    return (DOCS / page).read_text(encoding="utf-8")


@cache
def examples_of(page: str) -> tuple[Example, ...]:
    """The examples of a page, in order."""
    return tuple(_examples(page))


def _examples(page: str) -> Iterator[Example]:
    text = page_text(page)
    for found in _FENCE.finditer(text):
        body, matches = found["body"], found["matches"]
        if found["language"] != "yaml" or matches is None:
            continue
        line = text.count("\n", 0, found.start()) + 2
        name, definitions = _definitions(body, f"{Path(page).stem}_line_{line}")
        members = () if matches == "nobody" else tuple(matches.split(", "))
        yield Example(page, line, name, definitions, members)


def _definitions(body: str, name: str) -> tuple[str, str]:
    """The id that is asked, and the block as whole definitions."""
    last = load_yaml(body)[-1]
    if "members" in last:
        return str(last["audience"]), body
    return name, f"audience: {name}\nmembers:\n{indent(body, '  ')}"


# ---- the data ------------------------------------------------------------------------------------------------------


def profiles() -> list[Row]:
    """The rows of the table of profiles."""
    return _table("| user_id |")


def events() -> list[Row]:
    """The rows of the table of events."""
    return [{**row, "message_id": row.pop("id")} for row in _table("| id | user_id | event |")]


def accounts() -> list[Row]:
    """The rows of the table of accounts."""
    return _table("| account_id |")


def memberships() -> list[Row]:
    """The rows of the table of memberships."""
    return _table("| account | user |")


def consents() -> list[Row]:
    """The rows of the table of subscription states."""
    return _table("| user_id | channel |")


def entities() -> dict[str, Entity]:
    """The tables of entities, as engage.yaml declares them."""
    links = {"user": "user_id", "account": "account_id", "products": "product"}
    return {
        "subscriptions": Entity("id", _table("| id | user_id | account_id |"), links),
        "products": Entity("sku", _table("| sku |")),
        "invoices": Entity("number", _table("| number |"), {"subscriptions": "subscription"}),
    }


def list_files() -> dict[str, str]:
    """The text of the files that the page shows, by path."""
    return {found["path"]: found["text"] for found in _LIST_FILE.finditer(page_text("conditions.md"))}


def _table(header: str) -> list[Row]:
    lines = page_text("conditions.md").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(header))
    names = _cells(lines[start])
    rows: list[Row] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append({name: _value(cell) for name, cell in zip(names, _cells(line), strict=True) if cell})
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _value(cell: str) -> Any:
    """A cell: JSON, or else text as it stands."""
    try:
        return json.loads(cell)
    except ValueError:
        return cell


# ---- what runs them ------------------------------------------------------------------------------------------------


def write_project(folder: Path, examples: tuple[Example, ...]) -> None:
    """A project with the data of the page and an audience for each example."""
    (folder / "campaigns" / "audiences").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "engage.yaml").write_text(ENGAGE_YAML, encoding="utf-8")
    belong = [{"user_id": row["user"], "account_id": row["account"]} for row in memberships()]
    tables = {"events": events(), "profiles": profiles(), "accounts": accounts(), "memberships": belong, "consents": consents()}
    tables |= {name: list(entity.rows) for name, entity in entities().items()}
    for name, rows in tables.items():
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / "data" / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    for path, text in list_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for example in examples:
        (folder / "campaigns" / "audiences" / f"{example.page[:-3]}_{example.line:04}.yaml").write_text(example.text, encoding="utf-8")


def case_of(example: Example) -> Case:
    """The example as a case for the plain evaluator."""
    happened = [
        EventRow(row["user_id"], row["event"], datetime.fromisoformat(row["timestamp"]), row["properties"], row["message_id"])
        for row in events()
    ]
    people = [ProfileRow(row["user_id"], {name: value for name, value in row.items() if name != "user_id"}) for row in profiles()]
    said = [
        ConsentRow(row["user_id"], row["channel"], row["status"], row.get("group"), at and datetime.fromisoformat(at))
        for row in consents()
        for at in [row.get("updated_at")]
    ]
    lists = {path: [row[0] for row in csv.reader(text.splitlines()[1:])] for path, text in list_files().items()}
    companies = [AccountRow(row["account_id"], {name: value for name, value in row.items() if name != "account_id"}) for row in accounts()]
    belong = [Membership(row["user"], row["account"]) for row in memberships()]
    dataset = Dataset(happened, people, accounts=companies, memberships=belong, consents=said, entities=entities())
    return Case(dataset, load_yaml(example.text), ZONE, AS_OF, lists)
