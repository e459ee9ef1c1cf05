"""Reading what a command is given without Pydantic, by which Typer reads everything: importing that takes longer than all of Typer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Reader:
    """How a parameter is read: by `read`, each of several where it takes `several`. In the place of Typer's own for the parameter."""

    read: Callable[[Any], Any]
    several: bool

    def coerce(self, value: Any, **_of: Any) -> Any:
        """The value as the command gets it; what Typer gives where there is none."""
        if value is None:
            return () if self.several else None
        return [self.read(one) for one in value] if self.several else self.read(value)


def read_plainly(parameters: list[Any]) -> list[Any]:
    """The parameters, read without Pydantic where they are text, paths or flags, or have a reader of their own; Typer reads all others."""
    for parameter in parameters:
        reader = reader_of(getattr(parameter, "type_descriptor", None))
        if reader is not None and getattr(parameter, "_runtime_param", reader) is None:
            parameter._runtime_param = reader
    return parameters


def reader_of(descriptor: Any) -> Reader | None:
    """The reader for what Typer knows of a parameter; None where it is Typer's to read."""
    annotation = getattr(descriptor, "annotation", None)
    parser = getattr(getattr(descriptor, "parameter_info", None), "parser", None)
    if annotation == list[str]:
        return Reader(parser or str, True)
    if parser is not None:
        return Reader(parser, False)
    return Reader(annotation, False) if annotation in (str, Path, bool) else None
