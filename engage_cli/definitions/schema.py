"""The JSON Schema of definition files (draft 2020-12), made of the shapes that also read them.

One document for `engage.yaml` and for every definition. References between definitions, sums and the style of scalars
(a date in quotes or without) are the reader's alone: in JSON a date is a string.
"""

from engage_cli.definitions.shapes.base import Definitions, Json, any_of
from engage_cli.definitions.shapes.config import CONFIG
from engage_cli.definitions.shapes.definition import DEFINITION


def schema() -> Json:
    """The schema as a JSON document."""
    definitions = Definitions()
    root = any_of([CONFIG.schema(definitions), DEFINITION.schema(definitions)])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "engage definitions",
        "description": "engage.yaml, or one definition of campaigns/.",
        **root,
        "$defs": dict(sorted(definitions.schemas.items())),
    }
