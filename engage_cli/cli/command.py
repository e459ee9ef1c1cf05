"""Declaring a command: its function, an example for its help, and the options on showing things that every command has."""

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand

from engage_cli.cli.failures import tell
from engage_cli.cli.options import AsJson, Flags, NoColor, Quiet, Verbose
from engage_cli.cli.output import Output
from engage_cli.cli.reading import read_plainly

Function = Callable[..., int]

_FLAGS = {"as_json": AsJson, "quiet": Quiet, "verbose": Verbose, "no_color": NoColor}


class Command(TyperCommand):
    """A command whose help names its arguments as its usage does, without Python's types."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options."""
        return read_plainly(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The arguments after the command in the usage line."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The sections on arguments and options."""
        records = [(parameter.param_type_name, parameter.get_help_record(ctx)) for parameter in self.get_params(ctx)]
        for kind in ("argument", "option"):
            rows = [(re.sub(r" <[^ ]*>$", "", record[0]), record[1]) for of, record in records if of == kind and record is not None]
            if rows:
                with formatter.section(f"{kind.title()}s"):
                    formatter.write_dl(rows)


def command(group: typer.Typer, name: str, *, example: str) -> Callable[[Function], Function]:
    """Register a function as a command of a group; its docstring is the help text.

    The function takes an Output, then its own arguments and options, and returns the exit code. An error that it raises is told to
    the user there and then.
    """

    def register(function: Function) -> Function:
        group.command(name, cls=Command, help=inspect.getdoc(function), epilog=f"\b\nExample:\n  {example}")(_runnable(function))
        return function

    return register


def _runnable(function: Function) -> Function:
    """The function as Typer wants it: the flags among its parameters, in place of the Output."""

    def run(*, as_json: bool, quiet: bool, verbose: bool, no_color: bool, **given: Any) -> int:
        out = Output(Flags(as_json, quiet, verbose, no_color))
        try:
            return function(out, **given)
        except BaseException as error:
            return tell(error, out)

    own = list(inspect.signature(function).parameters.values())[1:]
    flag = partial(inspect.Parameter, kind=inspect.Parameter.KEYWORD_ONLY, default=False)
    parameters = [
        *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
        *(flag(name=name, annotation=annotation) for name, annotation in _FLAGS.items()),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions take one, which typeshed leaves out
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
