"""What `forget` says: who is forgotten, what was removed, what is kept, and what still names them."""

from collections.abc import Iterator

from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Piece, dim, line, name, strong, table
from engage_cli.cli.render.documents import Json, fields_of
from engage_cli.service.forget import ForgetResult

_WORDS = {
    "membership": "stays in audiences",
    "outbox": "changes told",
    "list_member": "members of lists",
    "alias": "earlier ids",
    "instance": "entries into journeys",
    "position": "places in journeys",
    "transition": "moves in journeys",
    "candidate": "messages",
}
"""Tables of the state in words."""


def forget_document(result: ForgetResult) -> Json:
    """`forget`."""
    return fields_of(result)


def forget_blocks(result: ForgetResult) -> Iterator[Block]:
    """The person, and tables of what there was."""
    if result.before:
        yield line(strong(result.user_id), " was forgotten before")
    else:
        yield line(strong(result.user_id), " would be forgotten" if result.dry_run else " is forgotten")
    yield table(
        (Column("identifier"), Column("value", wide=True)),
        ((kind, name(value)) for kind, values in result.identifiers.items() for value in values),
    )
    if result.removed:
        yield EMPTY
        title = "would be removed" if result.dry_run else "removed"
        yield table((Column(title), Column("rows", right=True)), ((_WORDS.get(what, what), n) for what, n in result.removed.items()))
    if result.suppressed and not result.before:
        yield EMPTY
        yield table((Column("hashes kept of"), Column("number", right=True)), result.suppressed.items())
    if result.told:
        yield EMPTY
        yield table((Column("destination that was told of them"),), ((name(one),) for one in result.told))
    yield EMPTY
    if not result.files:
        yield line(dim("no file names them"))
        return
    rows = ((one.path, MISSING if one.rows is None else Piece(one.rows)) for one in result.files)
    yield table((Column("file that still names them", wide=True), Column("rows", right=True)), rows)
