"""`audiences/<name>/members.<format>`: all members of an audience, whole, in the order of their ids."""

from collections.abc import Collection
from pathlib import Path

from sqlglot import exp

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.definitions.audience import Audience
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.outputs.columns import sent_columns, sent_value, with_sent
from engage_cli.state.instants import iso_of
from engage_cli.state.outbox import MemberFile, Pending, member_files
from engage_cli.state.store import State

FORMATS = ("parquet", "csv", "jsonl")


def members_path(audience: str, file_format: str) -> str:
    """Where an audience's members are, from the outputs folder."""
    return f"audiences/{audience}/members.{file_format}"


def unwritten_audiences(state: State | None, outputs: Path, names: Collection[str], file_format: str) -> frozenset[str]:
    """Of these audiences, those whose member file is not there, byte for byte as a run last wrote it in this format."""
    if state is None:
        return frozenset(names)
    recorded = member_files(state.engine)
    return frozenset(
        name
        for name in names
        if (file := recorded.get(name)) is None or file.path != members_path(name, file_format) or not _is_intact(outputs, file)
    )


def write_members(engine: Engine, audience: Audience, outputs: Path, file_format: str) -> MemberFile:
    """Write an audience's members, from `member_row`, `everybody` (`accounts`) and their traits, under their part name."""
    path = members_path(audience.name, file_format)
    part = files.part_of(outputs / path)
    files.make_folder(part.parent)
    files.remove(part)
    crash_point("write members")
    rows = engine.copy(members_query(audience, file_format), part, file_format)
    files.sync_folder(part.parent)
    return MemberFile(audience.name, path, rows, part.stat().st_size, files.sha256_of(part))


def pending_member_file(file: MemberFile, outputs: Path, replaced: MemberFile | None) -> Pending | None:
    """What has to be renamed for a member file that was written; None, and its part is removed, where that very file is there."""
    other = replaced.path if replaced is not None and replaced.path != file.path else None
    if other is None and _is_intact(outputs, file):
        files.remove(files.part_of(outputs / file.path))
        return None
    return Pending(file.path, file.sha256, None, other)


def members_query(audience: Audience, file_format: str) -> exp.Expr:
    """The rows of an audience's member file: user_id or account_id, entered_at, then what `with` says."""
    entered_at: exp.Expr = exp.column("entered_at", table="member_row")
    if file_format != "parquet":
        entered_at = iso_of(entered_at)
    sent = [sent_value(value, file_format).as_(name, quoted=True) for name, value in sent_columns(audience).items()]
    of = audience.of
    everybody = "everybody" if of is Subject.USERS else "accounts"
    subject_id = exp.column(of.id_name, table=everybody)
    same = exp.EQ(this=exp.column(f"{of.one}_key", table=everybody), expression=exp.column("user_key", table="member_row"))
    query = (
        exp.select(subject_id.as_(of.id_name), entered_at.as_("entered_at"), *sent)
        .from_("member_row")
        .join(everybody, on=same)
        .where(exp.column("audience", table="member_row").eq(audience.name))
        .order_by(exp.Ordered(this=subject_id.copy(), nulls_first=True))
    )
    return with_sent(query, audience, exp.Literal.string(audience.name), subject_id)


def _is_intact(outputs: Path, file: MemberFile) -> bool:
    path = outputs / file.path
    return path.is_file() and path.stat().st_size == file.bytes and files.sha256_of(path) == file.sha256
