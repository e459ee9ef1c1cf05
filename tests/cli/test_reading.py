"""What is read without Pydantic is read as Typer reads it."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperCommand
from typer.main import get_command

from engage_cli.cli.app import app
from engage_cli.cli.reading import Reader, reader_of


def commands_of(group: Any) -> Iterator[TyperCommand]:
    """Every command below a group."""
    for one in getattr(group, "commands", {}).values():
        yield from commands_of(one) if hasattr(one, "commands") else [one]


@pytest.mark.parametrize("given", [None, "2026-11-23", "12", "7.5", "", "a b", "csv", "svg", "/tmp"])
def test_every_parameter_is_read_as_typer_reads_it(given: str | None) -> None:
    seen = 0
    for command in commands_of(get_command(app)):
        context = command.context_class(command)
        for parameter in command.params:
            reader = reader_of(getattr(parameter, "type_descriptor", None))
            if reader is None or reader.read is bool:
                continue
            value = (given,) if reader.several and given is not None else given
            seen += 1
            assert outcome(reader, value, parameter, context) == outcome(parameter.get_runtime_param(), value, parameter, context)
    assert seen > 50


def outcome(reader: Any, value: Any, parameter: Any, context: Any) -> Any:
    """What reading a value gives, or what it says is wrong."""
    try:
        return reader.coerce(value, param=parameter, ctx=context)
    except typer.BadParameter as error:
        return error.message


def test_what_is_not_known_is_left_to_typer() -> None:
    assert reader_of(None) is None
    assert isinstance(reader_of(next(commands_of(get_command(app))).params[0].type_descriptor), Reader)
