"""Rules across definitions: each module has one `check`, which yields an issue for every place that breaks it."""

from collections.abc import Callable, Iterable

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.rules import (
    broadcasts,
    consents,
    cycles,
    destinations,
    duplicates,
    entities,
    expansion,
    journey_context,
    journey_cycles,
    journey_ids,
    journey_names,
    journey_paths,
    list_files,
    message_decisions,
    subjects,
    trait_cycles,
    undated,
    unknown_audiences,
)
from engage_cli.source import Issue

Check = Callable[[Loaded], Iterable[Issue]]

RULES: tuple[Check, ...] = (
    duplicates.check,
    unknown_audiences.check,
    cycles.check,
    expansion.check,
    destinations.check,
    consents.check,
    list_files.check,
    subjects.check,
    entities.check,
    trait_cycles.check,
    journey_names.check,
    journey_ids.check,
    journey_paths.check,
    journey_context.check,
    journey_cycles.check,
    message_decisions.check,
    broadcasts.check,
    undated.check,
)
