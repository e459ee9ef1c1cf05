"""Files on s3:// and https://, by DuckDB's httpfs extension, which is loaded only where a source needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from engage_cli.definitions.project import Source
from engage_cli.engine.base import InputFile
from engage_cli.engine.connection import Connection
from engage_cli.engine.failures import FileError, first_line
from engage_cli.engine.template import Sql, literal, sql
from engage_cli.errors import DataError
from engage_cli.source import visible

SCHEMES = ("s3://", "https://", "http://")
SECRET = {
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
    _prepare(connection, source)
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


def _prepare(connection: Connection, source: Source) -> None:
    """Load httpfs and take the keys for s3 from the environment. DataError where the extension cannot be had."""
    if connection.has_remote:
        return
    try:
        _load(connection)
    except (duckdb.Error, FileError) as error:
        raise DataError(
            f"{source.span}: `{visible(source.path)}` needs DuckDB's extension httpfs, which could not be loaded",
            hint="run `INSTALL httpfs` once in DuckDB where there is a network, or copy the files to a local folder",
        ) from error
    connection.has_remote = True
    given = {part: os.environ[name] for part, name in SECRET.items() if os.environ.get(name)}
    if "KEY_ID" in given:
        parts = [sql("{part} {value}", part=Sql(part), value=literal(value)) for part, value in given.items()]
        connection.run(sql("CREATE TEMPORARY SECRET from_environment (TYPE s3, {parts})", parts=parts).text)


def _load(connection: Connection) -> None:
    try:
        connection.run("LOAD httpfs")
    except (duckdb.Error, FileError):
        connection.run("INSTALL httpfs")
        connection.run("LOAD httpfs")


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Raises a DataError that names the address where DuckDB cannot read it."""
    try:
        yield
    except (duckdb.Error, FileError) as error:
        raise DataError(
            f"`{visible(path)}` cannot be read: {first_line(str(error.__cause__ or error))}", hint="check the address and your access to it"
        ) from error
