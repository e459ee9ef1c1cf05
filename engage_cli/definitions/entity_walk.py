"""What `entity` conditions ask of the rows that are linked with their own."""

from collections.abc import Iterator

from engage_cli.definitions.conditions import AllOf, AnyOf, Condition, HasEntity, NoneOf, Not


def rows_asked_for(condition: Condition | None) -> Iterator[HasEntity]:
    """The conditions on linked rows that a `has` is made of, in the order written; not those inside them."""
    match condition:
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from rows_asked_for(part)
        case Not(part):
            yield from rows_asked_for(part)
        case HasEntity():
            yield condition


def with_inner_rows(asked: HasEntity) -> Iterator[HasEntity]:
    """A condition on rows and all inside it, however deep."""
    yield asked
    for inner in rows_asked_for(asked.has):
        yield from with_inner_rows(inner)
