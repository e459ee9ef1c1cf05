"""Results as JSON documents: the contract of `--json`. Instants are UTC with a `Z`, paths text, what is missing null."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from math import isfinite
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from engage_cli.records import field_names, is_record
from engage_cli.source import Issue, Severity

if TYPE_CHECKING:
    from engage_cli.service.results.audiences import AudienceRow, BuildResult, EventShown, Explained, Explanation, Export, Overlap, Preview
    from engage_cli.service.results.project import CheckResult, InitResult, StateFinding

Json = dict[str, Any]


def instant(moment: datetime) -> str:
    """An instant in UTC, to the millisecond or microsecond where it has any."""
    precision = "auto" if moment.microsecond % 1000 else "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def json_text(value: Mapping[str, Any]) -> str:
    """A document as text that is safe on a terminal: what cannot be seen is escaped as JSON escapes it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"[^\x20-\x7e\n]", lambda found: _seen(found.group()), text)


def _seen(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]


def build_document(result: BuildResult, *, verbose: bool = False) -> Json:
    """`audience build`. `verbose`: with the SQL that ran, and with what it cost, which alone differs from run to run."""
    document = fields_of(result)
    document["would_change" if result.dry_run else "changed"] = result.would_change
    without = {"samples"} if not result.samples else set()
    without |= set() if verbose else {"sql", "timings", "costs", "looked"}
    return {key: value for key, value in document.items() if key not in without}


def list_document(rows: Sequence[AudienceRow]) -> Json:
    """`audience list`."""
    return {"audiences": [fields_of(row) for row in rows]}


def preview_document(preview: Preview) -> Json:
    """`audience preview`: the sample as objects by column."""
    document = fields_of(preview)
    document["sample"] = [dict(zip(preview.columns, row, strict=True)) for row in preview.sample]
    return document


def overlap_document(overlap: Overlap) -> Json:
    """`audience overlap`."""
    return {**fields_of(overlap), "only_left": overlap.only_left, "only_right": overlap.only_right}


def export_document(export: Export, rows: str) -> Json:
    """An export: under the name `rows` the rows themselves where no file was named (the lines are JSON then)."""
    document = fields_of(export)
    del document["lines"]
    if export.path is None:
        document[rows] = [_parsed(line) for line in export.lines]
    return document


def explanation_document(explanation: Explanation) -> Json:
    """`audience explain`."""
    document = fields_of(explanation)
    document["tree"] = None if explanation.tree is None else explained_document(explanation.tree)
    return document


def explained_document(part: Explained) -> Json:
    """A part of an explanation, with its parts."""
    document = fields_of(part)
    document["values"] = [{"name": name, "value": value} for name, value in part.values]
    document["events"] = [_event(event) for event in part.events]
    document["rows"] = {entity: list(keys) for entity, keys in part.rows}
    document["parts"] = [explained_document(inner) for inner in part.parts]
    return document


def _event(event: EventShown) -> Json:
    return {**fields_of(event), "properties": _parsed(event.properties)}


def _parsed(text: str) -> Any:
    """JSON text as its value. What JSON can write and a float cannot hold, such as 1e999, stays text."""
    try:
        return json.loads(text, parse_float=_float)
    except ValueError:
        return text


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if isfinite(number) else digits


def check_document(result: CheckResult, *, valid: bool) -> Json:
    """`check`."""
    return {
        "valid": valid,
        "definitions": result.definitions,
        "errors": sum(issue.severity is Severity.ERROR for issue in result.issues),
        "warnings": sum(issue.severity is Severity.WARNING for issue in result.issues),
        "notes": sum(issue.severity is Severity.NOTE for issue in result.issues),
        "issues": [issue_document(issue) for issue in result.issues],
        "data": None if result.data is None else fields_of(result.data),
    }


def issue_document(issue: Issue) -> Json:
    """An issue, its span laid flat."""
    span = issue.span
    place = ("file", "line", "column", "end_line", "end_column")
    return {
        "code": issue.code,
        "severity": issue.severity.value,
        "message": issue.message,
        "hint": issue.hint,
        **{name: None if span is None else getattr(span, name) for name in place},
    }


def findings_document(findings: Sequence[StateFinding]) -> Json:
    """`state check`."""
    return {"sound": not findings, "findings": [fields_of(finding) for finding in findings]}


def init_document(result: InitResult) -> Json:
    """`init`."""
    return fields_of(result)


def fields_of(value: object) -> Json:
    """A value of the service by its fields."""
    return {name: plain_value(getattr(value, name)) for name in field_names(value)}


def plain_value(value: Any) -> Any:
    """A value of the service as what JSON has: records by their fields, instants and paths as text."""
    match value:
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case PurePath():
            return str(value)
        case Mapping():
            return {str(key): plain_value(inner) for key, inner in value.items()}
        case tuple() | list():
            return [plain_value(inner) for inner in value]
        case _ if is_record(value):
            return fields_of(value)
        case _:
            return value
