"""Which column of a file is which field that engage knows: the mapping of engage.yaml, or the field's own name."""

from collections.abc import Iterable, Mapping, Sequence

from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.values import Value
from engage_cli.errors import DataError
from engage_cli.source import did_you_mean, visible

MESSAGE_ID = "message_id"
ALIASES: Mapping[str, str] = {MESSAGE_ID: "id"}
"""Fields that engage.yaml may also map under another key."""


def column_name(batch: Batch, field: str) -> str:
    """The name that a field has in the files of a batch."""
    columns = batch.source.columns
    return columns.get(field) or columns.get(ALIASES.get(field, field)) or field


def is_mapped(batch: Batch, field: str) -> bool:
    """Whether engage.yaml says where the field is."""
    return field in batch.source.columns or ALIASES.get(field, field) in batch.source.columns


def required(batch: Batch, field: str, zones: Zones, *, every: bool = True) -> Value:
    """The value of a field that every file must have. DataError that lists the columns there are.

    Of JSON that is not `every` file nothing can be said: the others may have it, and rows that do not are rejected one by one.
    """
    name = column_name(batch, field)
    value = batch.value(name, zones)
    said = every or batch.record is None
    if value is None or (said and not batch.has(name) and batch.columns):
        raise missing_column(batch, field, name)
    return value


def optional(batch: Batch, field: str, zones: Zones) -> Value | None:
    """The value of a field that may be absent."""
    return batch.value(column_name(batch, field), zones)


def check_mapping(batches: Sequence[Batch]) -> None:
    """Whether each column that engage.yaml maps is in some file of its source. DataError where it is in none.

    Of JSON this cannot be said: a name may first occur in any line.
    """
    for batch in batches:
        same = [other for other in batches if other.source is batch.source]
        if any(other.record is not None for other in same):
            continue
        for field, name in batch.source.columns.items():
            if not any(other.has(name) for other in same):
                raise missing_column(batch, field, name)


def others(batch: Batch, fields: Iterable[str]) -> list[str]:
    """The columns that are none of the fields, in file order."""
    taken = {column_name(batch, field) for field in fields}
    return [name for name in batch.columns if name not in taken]


def missing_column(batch: Batch, field: str, name: str, advice: str | None = None) -> DataError:
    """What to say of a file without the column `name`, which is looked for as `field`; `advice` where none has a name that is near."""
    known = ", ".join(f"`{visible(column)}`" for column in batch.columns) or "none"
    mapped = "" if name == field else f" (which `columns` maps to `{field}`)"
    said = did_you_mean(name, batch.columns) or advice or f"say which it is: `columns: {{{ALIASES.get(field, field)}: …}}`"
    return DataError(
        f"{batch.source.span}: `{visible(batch.files[0].shown)}` has no column `{visible(name)}`{mapped}; it has {known}",
        hint=said,
    )
