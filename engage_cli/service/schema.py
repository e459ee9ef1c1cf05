"""`engage schema`: the JSON Schema of the definitions."""

from typing import Any

from engage_cli.definitions.schema import schema


def json_schema() -> dict[str, Any]:
    """One JSON Schema (draft 2020-12) for engage.yaml and every definition file."""
    return dict(schema())
