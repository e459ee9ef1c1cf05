"""What is common to records: the classes that only hold values.

They are Structs of msgspec, which are made a good deal faster than dataclasses, the classes as well as the instances. A dataclass is used
where a Struct does not serve: one that is put in order, leaves fields out of comparison or keeps more than its fields, and what
`engage --help` imports. What is here is for both.
"""

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from dataclasses import replace as replace  # under this name the type checker knows the fields, of a Struct too
else:
    import dataclasses

    from msgspec import structs

    def replace(record: Any, /, **changes: Any) -> Any:
        """A record with other values in some fields."""
        return structs.replace(record, **changes) if isinstance(record, Struct) else dataclasses.replace(record, **changes)


def is_record(thing: object) -> bool:
    """Whether it is a record."""
    return isinstance(thing, Struct) or (is_dataclass(thing) and not isinstance(thing, type))


def field_names(record: Any) -> tuple[str, ...]:
    """The names of a record's fields, in their order."""
    return record.__struct_fields__ if isinstance(record, Struct) else tuple(field.name for field in fields(record))
