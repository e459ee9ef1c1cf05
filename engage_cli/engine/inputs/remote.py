"""Files on s3:// and https://, by DuckDB's httpfs extension, which is loaded only where a source needs it."""

import os

from engage_cli.definitions.project import Source
from engage_cli.engine.base import InputFile
from engage_cli.engine.connection import Connection
from engage_cli.engine.template import identifier, literal, sql
from engage_cli.errors import DataError, EngageError
from engage_cli.source import visible

SCHEMES = ("s3://", "https://", "http://")
_SECRET = {
    "KEY_ID": "AWS_ACCESS_KEY_ID",
    "SECRET": "AWS_SECRET_ACCESS_KEY",
    "SESSION_TOKEN": "AWS_SESSION_TOKEN",
    "REGION": "AWS_REGION",
    "ENDPOINT": "AWS_ENDPOINT",
}
"""The parts of DuckDB's s3 secret and the environment variables that they are taken from."""


def is_remote(path: str) -> bool:
    """Whether a path of engage.yaml is an address."""
    return path.startswith(SCHEMES)


def find_remote(connection: Connection, source: Source) -> list[str]:
    """The files behind an address; a glob is understood on s3:// only."""
    prepare(connection, source)
    if not source.path.startswith("s3://"):
        return [source.path]
    with _naming(source.path):
        return [str(row[0]) for row in connection.rows(sql("SELECT file FROM glob({path})", path=literal(source.path)).text)]


def hash_remote(connection: Connection, kind: str, path: str) -> InputFile:
    """Size and hash of a remote file, which is fetched whole for it."""
    with _naming(path):
        query = sql("SELECT size, sha256(content) FROM read_blob([{path}])", path=literal(path))
        size, digest = connection.rows(query.text)[0]
    return InputFile(kind, path, int(size), str(digest))


def prepare(connection: Connection, source: Source) -> None:
    """Load httpfs and take the keys for s3 from the environment. DataError where the extension cannot be had."""
    if connection.has_remote:
        return
    try:
        try:
            connection.run("LOAD httpfs")
        except Exception:
            connection.run("INSTALL httpfs")
            connection.run("LOAD httpfs")
    except Exception as error:
        raise DataError(
            f"{source.span}: `{visible(source.path)}` needs DuckDB's extension httpfs, which could not be loaded",
            hint="run `INSTALL httpfs` once in DuckDB where there is a network, or copy the files to a local folder",
        ) from error
    connection.has_remote = True
    given = {part: os.environ[name] for part, name in _SECRET.items() if os.environ.get(name)}
    if "KEY_ID" in given:
        parts = [sql("{name} {value}", name=identifier(part), value=literal(value)) for part, value in given.items()]
        connection.run(sql("CREATE SECRET from_environment (TYPE s3, {parts})", parts=parts).text)


class _naming:  # noqa: N801 (reads as a statement)
    """Turns what goes wrong with a remote file into a DataError that names it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, EngageError):
            raise DataError(
                f"`{visible(self._path)}` cannot be read: {error.message}", hint="check the address and your access to it"
            ) from error
