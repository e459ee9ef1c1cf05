"""`engage template preview`."""

from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import AsOf, ProjectDir, read_user
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="The template.")]
User = Annotated[
    str, typer.Option("--user", metavar="ID", parser=read_user, show_default=False, help="Whom the message is for, by their id.")
]
Channel = Annotated[
    str | None,
    typer.Option("--channel", metavar="CHANNEL", show_default=False, help="email, sms, push or whatsapp.  [default: by its files]"),
]
Language = Annotated[
    str | None, typer.Option("--language", metavar="TAG", show_default=False, help="A language, such as fr.  [default: the user's]")
]
Context = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="KEY=VALUE", show_default=False, help="What a journey would remember; may be repeated."),
]


def register(group: typer.Typer) -> None:
    """Add the commands to `engage template`."""
    command(group, "preview", example="engage template preview welcome --user u_0042 --context entry.plan=pro")(preview)


def preview(
    out: Output,
    name: Name,
    user: User,
    channel: Channel = None,
    language: Language = None,
    context: Context = None,
    project: ProjectDir = None,
    as_of: AsOf = None,
) -> ExitCode:
    """Write a message as one user would get it.

    It is written under previews/ in the outputs, HTML to be opened in a browser; nothing is sent or recorded. Of a text message the
    segments and the encoding are shown.
    """
    from engage_cli.cli.commands.shown import tell_data
    from engage_cli.cli.render.templates import note_of, preview_blocks, preview_document
    from engage_cli.service.templates import preview as render
    from engage_cli.service.templates import read_context

    folder = out.project(project)
    given = read_context(context or ())
    result = render(folder, name, user, channel=channel, language=language, context=given, as_of=as_of, progress=out.progress())
    tell_data(out, result.data)
    out.note(note_of(result))
    out.result(lambda: preview_document(result), preview_blocks(result))
    return ExitCode.DONE
