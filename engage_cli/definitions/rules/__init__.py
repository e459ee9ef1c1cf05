"""Rules across definitions: each module has one `check`, which yields an issue for every place that breaks it."""

from collections.abc import Callable, Iterable

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.rules import (
    consents,
    cycles,
    destinations,
    duplicates,
    expansion,
    list_files,
    subjects,
    trait_cycles,
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
    trait_cycles.check,
)
