"""From arguments to an exit code: the one place where every command line begins and ends."""

import gc
import os
import sys
from collections.abc import Sequence
from copy import copy
from typing import Any

from typer import BadParameter, Typer
from typer.main import get_command

from engage_cli.cli.app import app
from engage_cli.cli.failures import tell
from engage_cli.cli.options import flags_of
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode, UsageError
from engage_cli.source import did_you_mean, visible

_WrongUsage: type[Exception] = BadParameter.__bases__[0]
"""What Typer raises for arguments that it cannot read; every version exports its heirs only."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Whatever happens, it has been told to the user."""
    _mend_streams()
    # Next to nothing of what a command makes is garbage before its end: looking for cycles at every 700 objects only takes time, and
    # modules and the definitions of a project are some 130,000 objects.
    gc.set_threshold(200_000, 20, 20)
    out = Output(flags_of(arguments))
    try:
        _refuse_bytes(arguments)
        code = get_command(_asked_for(app, arguments)).main(args=list(arguments), prog_name="engage", standalone_mode=False)
        sys.stdout.flush()
    except _WrongUsage as error:
        code = tell(usage_error(error, arguments), out)
    except BaseException as error:
        code = tell(error, out)
    _silence_closed_pipes()
    return int(code or ExitCode.DONE)


def _asked_for(group: Typer, words: Sequence[str]) -> Typer:
    """The group with nothing in it but the command that the words begin with, where they do: making them all takes longer than some run."""
    if not words:
        return group
    commands = [one for one in group.registered_commands if one.name == words[0]]
    groups = [copy(one) for one in group.registered_groups if one.name == words[0]]
    if not commands and not groups:
        return group
    for inner in groups:
        inner.typer_instance = inner.typer_instance and _asked_for(inner.typer_instance, words[1:])
    narrow = copy(group)
    narrow.registered_commands, narrow.registered_groups = commands, groups
    return narrow


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Raise UsageError for an argument that is no text: no name, id or path of a project can be it."""
    for argument in arguments:
        if any("\ud800" <= char <= "\udfff" for char in argument):
            raise UsageError(f"the argument `{visible(argument)}` is not UTF-8", hint="write it in the encoding of your terminal")


def usage_error(error: Exception, arguments: Sequence[str] = ()) -> UsageError:
    """What Typer found wrong with the arguments, with the help to look at as the remedy."""
    context = getattr(error, "ctx", None)
    path = _path_in(arguments) if context is None else context.command_path
    wrong = getattr(error, "option_name", None)
    if wrong is None or context is None:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return UsageError(_as_sentence(str(message)), hint=f"`{path} --help` shows what it takes")
    return UsageError(_as_sentence(str(error)), hint=_option_hint(str(wrong), context))


def _path_in(arguments: Sequence[str]) -> str:
    """The command that arguments name, for errors that do not say where they arose."""
    words = ["engage"]
    commands: dict[str, Any] = getattr(get_command(app), "commands", {})
    for argument in arguments:
        if argument not in commands:
            break
        words.append(argument)
        commands = getattr(commands[argument], "commands", {})
    return " ".join(words)


def _option_hint(wrong: str, context: Any) -> str:
    """What to do about an option that a command does not have."""
    command = context.command
    known = [option for parameter in command.get_params(context) for option in parameter.opts]
    inner = getattr(command, "commands", {})
    for name, one in inner.items():
        if any(wrong in parameter.opts for parameter in one.params):
            return f"options stand after the command, as in `{context.command_path} {name} {wrong}`"
    return did_you_mean(wrong, known) or f"`{context.command_path} --help` shows what it takes"


def _as_sentence(message: str) -> str:
    """Typer's words in the manner of ours: no capital, no full stop."""
    message = " ".join(message.split()).rstrip(".")
    return message[:1].lower() + message[1:]


def _mend_streams() -> None:
    """Make closed streams writable, and let no character that a stream cannot show end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open as long as the process
        else:
            stream.reconfigure(errors="backslashreplace")


def _silence_closed_pipes() -> None:
    """Point a stream whose reader is gone to nowhere, so that the interpreter does not complain when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
