"""What `identity show` says: a profile's id, its identifiers, and what was not joined to it."""

from collections.abc import Iterator
from datetime import datetime

from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Piece, counted, dim, line, name, strong, table
from engage_cli.cli.render.documents import Json, fields_of, instant
from engage_cli.service.identity import NotJoined, ProfileShown, Seen

_SEEN_COLUMNS = (Column("identifier"), Column("value", wide=True), Column("first seen"), Column("file", wide=True))
_NOT_JOINED_COLUMNS = (
    Column("not joined"),
    Column("value", wide=True),
    Column("with"),
    Column("value", wide=True),
    Column("of profile", wide=True),
    Column("seen together", spare=True),
    Column("limit of"),
)
_BLOCKED_COLUMNS = (Column("blocked"), *_SEEN_COLUMNS[1:])


def profile_document(profile: ProfileShown) -> Json:
    """`identity show`."""
    document = fields_of(profile)
    document["not_joined"] = [_link(one) | {"at": None if one.at is None else instant(one.at)} for one in profile.not_joined]
    return document


def _link(link: NotJoined) -> Json:
    pairs = {key: {"name": pair[0], "value": pair[1]} for key, pair in (("own", link.own), ("other", link.other))}
    return {**pairs, "user_id": link.user_id, "limit": link.limit}


def profile_blocks(profile: ProfileShown) -> Iterator[Block]:
    """The profile as tables."""
    known = " is known only anonymously, by " if profile.anonymous else " is known by "
    yield line(strong(profile.user_id), known, counted(len(profile.identifiers), "identifier"), " as of ", instant(profile.as_of))
    yield EMPTY
    yield table(_SEEN_COLUMNS, (_seen_row(one) for one in profile.identifiers))
    if profile.not_joined:
        yield EMPTY
        yield table(_NOT_JOINED_COLUMNS, (_link_row(one) for one in profile.not_joined))
    if profile.blocked:
        yield EMPTY
        yield table(_BLOCKED_COLUMNS, (_seen_row(one) for one in profile.blocked))


def _seen_row(seen: Seen) -> tuple[Piece, ...]:
    return (Piece(seen.name), name(seen.value), _at(seen.at), MISSING if seen.file is None else Piece(seen.file))


def _link_row(link: NotJoined) -> tuple[Piece, ...]:
    (own, value), (other, other_value) = link.own, link.other
    return (Piece(own), name(value), Piece(other), name(other_value), name(link.user_id), _at(link.at), Piece(link.limit))


def _at(at: datetime | None) -> Piece:
    return dim("a snapshot") if at is None else Piece(instant(at))
