"""The tree of commands: what exists, what does not exist yet, and what was probably meant."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from engage_cli import __version__
from engage_cli.cli.commands import (
    audience,
    broadcast,
    consent,
    deliver,
    forget,
    identity,
    journey,
    project,
    run,
    state,
    store,
    template,
    trait,
)
from engage_cli.cli.reading import read_plainly
from engage_cli.errors import UsageError
from engage_cli.source import nearest, visible

LATER = {
    "report": "the HTML page",
    "test": "the author's own tests of campaigns",
}
"""Commands that the language and the documents speak of, and that this version does not have."""


class Group(TyperGroup):
    """A group of commands that answers an unknown name with the nearest known one."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options."""
        return read_plainly(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name. Raises UsageError where there is none."""
        name = args[0]
        if name in self.commands or name.startswith("-"):
            return super().resolve_command(ctx, args)
        root = ctx.parent is None
        later = name if root else f"{ctx.info_name} {name}"
        if later in LATER:
            raise UsageError(
                f"`engage {later}` ({LATER[later]}) is not built in this version ({__version__})",
                hint=f"`{ctx.command_path} --help` shows the commands that are",
            )
        match = nearest(name, self.commands) or (nearest(name, LATER) if root else None)
        raise UsageError(
            f"there is no command `{ctx.command_path} {visible(name)}`",
            hint=f"did you mean `{ctx.command_path} {match}`?" if match else f"`{ctx.command_path} --help` shows the commands",
        )


def _group(help_text: str) -> typer.Typer:
    """A group that shows its help when no command is named. Plain help: importing rich would take longer than all the rest."""
    group = typer.Typer(
        cls=Group,
        help=help_text,
        invoke_without_command=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    )
    group.callback()(_show_help)
    return group


def _show_help(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"engage {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")]


def _root(ctx: typer.Context, version: Version = False) -> None:
    _show_help(ctx)


app = _group("""Customer engagement as code: audiences in YAML, evaluated over your own event and profile files.

Results go to standard output: tables on a terminal; in a pipe the same columns as plain, aligned text with a header line;
with --json one document. Progress, notes, warnings and errors go to standard error.

\b
Exit codes:
  0  done                          3  definitions or data are invalid
  1  failed                        4  another run holds the state
  2  wrong usage                   5  something would change (--detailed-exit-code)
""")
app.callback(epilog="\b\nExample:\n  engage init shop && cd shop && engage audience build")(_root)
project.register(app)
run.register(app)
deliver.register(app)
forget.register(app)

for _name, _commands, _help in (
    ("audience", audience, "Build audiences, look at them, explain them."),
    ("trait", trait, "Look at computed traits."),
    ("journey", journey, "Let people move through journeys."),
    ("broadcast", broadcast, "Send one message to many people at one time."),
    ("template", template, "Look at messages before anybody gets them."),
    ("consent", consent, "Import and look up subscription states."),
    ("identity", identity, "Look at which identifiers are one person."),
    ("state", state, "Keep safe what earlier runs recorded."),
    ("store", store, "Look after the event store."),
):
    _commands_of = _group(_help)
    _commands.register(_commands_of)
    app.add_typer(_commands_of, name=_name)
