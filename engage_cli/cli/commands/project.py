"""`engage init`, `check`, `schema`."""

from pathlib import Path
from typing import Annotated

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import AsOf, ProjectDir
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode

NewDir = Annotated[Path, typer.Argument(metavar="DIR", show_default=False, help="The project's folder, made if missing.  [default: here]")]
NoData = Annotated[bool, typer.Option("--no-data", help="Look at the definitions only.")]
StrictCheck = Annotated[bool, typer.Option("--strict", help="Warnings, and rows that cannot be read, count as errors.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    command(app, "init", example="engage init shop")(init)
    command(app, "check", example="engage check --project shop")(check)
    command(app, "schema", example="engage schema > engage.schema.json")(schema)


def init(out: Output, directory: NewDir = Path()) -> ExitCode:
    """Make a starter project with sample data.

    It runs at once: `engage audience build`. Nothing that exists is overwritten. The sample data is dated so that it ends yesterday.
    """
    from engage_cli.cli.render.data import shown_path
    from engage_cli.cli.render.documents import init_document
    from engage_cli.cli.render.project import init_blocks
    from engage_cli.service.init import EXAMPLE_AUDIENCE
    from engage_cli.service.init import init as make

    result = make(directory)
    out.result(lambda: init_document(result), init_blocks(result, shown_path(result.folder, Path()), EXAMPLE_AUDIENCE))
    return ExitCode.DONE


def check(out: Output, project: ProjectDir = None, as_of: AsOf = None, no_data: NoData = False, strict: StrictCheck = False) -> ExitCode:
    """Find what is wrong in definitions and data.

    All mistakes of all files are shown together, each as file:line:column with the line and what to do. Events, properties and
    traits that never occur in the data are warnings. Exits with 3 where something is invalid.
    """
    from engage_cli.cli.render.check import check_blocks
    from engage_cli.cli.render.data import note_blocks, warning_blocks
    from engage_cli.cli.render.documents import check_document
    from engage_cli.cli.render.issues import texts_of
    from engage_cli.service.check import check as find_issues
    from engage_cli.source import Severity

    folder = out.project(project)
    result = find_issues(folder, data=not no_data, as_of=as_of, progress=out.progress())
    counts = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    valid = not any(issue.severity in counts for issue in result.issues)
    if result.data is not None:
        valid = valid and not (strict and result.data.rejects)
        out.tell(warning_blocks(result.data))
        out.note(note_blocks(result.data))
    blocks = check_blocks(result, texts_of(folder, result.issues), valid=valid, notes=not out.flags.quiet)
    out.result(lambda: check_document(result, valid=valid), blocks)
    return ExitCode.DONE if valid else ExitCode.INVALID


def schema(out: Output) -> ExitCode:
    """Print the JSON Schema of the definitions.

    It is for editors, which complete and check engage.yaml and campaigns/ by it. In VS Code and its like, the first line `#
    yaml-language-server: $schema=engage.schema.json` of a file names it.
    """
    from engage_cli.service.schema import json_schema

    out.document(json_schema())
    return ExitCode.DONE
