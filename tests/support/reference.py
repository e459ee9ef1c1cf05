"""A project folder of JSONL files as a case for the plain evaluator. Reads YAML and JSON by itself, nothing of the product."""

import csv
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.reference.case import Case, evaluate
from tests.reference.consents import ConsentRow
from tests.reference.dataset import AccountRow, Dataset, Entity, EventRow, Membership, ProfileRow

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


class _Core(yaml.SafeLoader):
    """PyYAML with the scalars of YAML 1.2: only true and false are booleans, `12:30` is text; dates and instants stay dates."""


_Core.yaml_implicit_resolvers = {}
_Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?\d+$"), list("-+0123456789"))
_Core.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\.\d+|\d+\.\d*)(?:[eE][-+]?\d+)?$"), list("-+.0123456789"))
_Core.add_implicit_resolver("!moment", re.compile(r"^\d{4}-\d\d-\d\d.*$"), list("0123456789"))


def _moment(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> date | datetime | str:
    text = str(node.value)
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else text


_Core.add_constructor("!moment", _moment)


def load_yaml(text: str) -> list[Any]:
    """The documents of a text, with dates and instants as the evaluator takes them."""
    return [document for document in yaml.load_all(text, Loader=_Core) if document is not None]


def case_of(folder: Path, as_of: datetime) -> Case:
    """The whole project: the events, profiles, accounts, memberships, consents and entities of data/*.jsonl, every audience and trait, and data/*.csv as lists."""
    config = load_yaml((folder / "engage.yaml").read_text())[0]
    definitions = [document for path in sorted((folder / "campaigns").rglob("*.yaml")) for document in load_yaml(path.read_text())]
    events = [
        EventRow(row["user_id"], row["event"], _utc(row["timestamp"]), row["properties"], row["message_id"])
        for row in _lines(folder / "data" / "events.jsonl")
    ]
    profiles = [
        ProfileRow(row["user_id"], {name: value for name, value in row.items() if name != "user_id"})
        for row in _lines(folder / "data" / "profiles.jsonl")
    ]
    accounts = [
        AccountRow(row["account_id"], {name: value for name, value in row.items() if name != "account_id"})
        for row in _lines(folder / "data" / "accounts.jsonl")
    ]
    memberships = [Membership(row["user_id"], row["account_id"]) for row in _lines(folder / "data" / "memberships.jsonl")]
    consents = [
        ConsentRow(
            row["user_id"], row["channel"], row["status"], row.get("group"), _utc(row["updated_at"]) if "updated_at" in row else None
        )
        for row in _lines(folder / "data" / "consents.jsonl")
    ]
    lists = {f"data/{path.name}": [row[0] for row in csv.reader(path.read_text().splitlines())] for path in folder.glob("data/*.csv")}
    entities = {name: _entity(folder, declared) for name, declared in config["sources"].get("entities", {}).items()}
    dataset = Dataset(events, profiles, accounts=accounts, memberships=memberships, consents=consents, entities=entities)
    return Case(dataset, definitions, config["timezone"], as_of, lists)


def reference_members(case: Case, name: str) -> set[str]:
    """The members of one audience of a case."""
    asked = [definition for definition in case.definitions if definition.get("audience") == name]
    others = [definition for definition in case.definitions if definition.get("audience") != name]
    return evaluate(Case(case.dataset, [*others, *asked], case.zone, case.as_of, case.lists))


def _entity(folder: Path, declared: dict[str, Any]) -> Entity:
    return Entity(declared["key"], list(_lines(folder / declared["path"])), declared.get("links", {}))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
