"""`engage store status`, `rebuild`, `compact`."""

import typer

from engage_cli.cli.command import command
from engage_cli.cli.options import ProjectDir, Wait
from engage_cli.cli.output import Output
from engage_cli.errors import ExitCode


def register(group: typer.Typer) -> None:
    """Add the commands to `engage store`."""
    command(group, "status", example="engage store status --json")(status)
    command(group, "rebuild", example="engage store rebuild --wait 120")(rebuild)
    command(group, "compact", example="engage store compact")(compact)


def status(out: Output, project: ProjectDir = None) -> ExitCode:
    """Show what the event store holds, and what changed since.

    Shows its files, events, rejected rows and size, and the files that the next run will read. It writes nothing and waits for
    no run. With --verbose it names every file and every column.
    """
    from engage_cli.cli.render.store import status_blocks, store_document
    from engage_cli.service.store import store_status

    folder = out.project(project)
    store = store_status(folder, progress=out.progress())
    out.result(lambda: store_document(store), status_blocks(store, folder, whole=out.flags.verbose))
    return ExitCode.DONE


def rebuild(out: Output, project: ProjectDir = None, wait: Wait = 30.0) -> ExitCode:
    """Make the event store anew from all files.

    No answer changes by it. Properties that no definition asks for any more are left out.
    """
    from engage_cli.cli.render.store import rebuild_blocks, store_document
    from engage_cli.service.store import rebuild_store

    folder = out.project(project)
    store = rebuild_store(folder, wait=wait, progress=out.progress())
    out.result(lambda: store_document(store), rebuild_blocks(store, folder, whole=out.flags.verbose))
    return ExitCode.DONE


def compact(out: Output, project: ProjectDir = None, wait: Wait = 30.0) -> ExitCode:
    """Merge the event store into one segment.

    Files that are new or changed are read first. Rows of files that changed or are gone are taken out for good. No answer
    changes by it.
    """
    from engage_cli.cli.render.store import compact_blocks, store_document
    from engage_cli.service.store import compact_store

    folder = out.project(project)
    store = compact_store(folder, wait=wait, progress=out.progress())
    out.result(lambda: store_document(store), compact_blocks(store, folder, whole=out.flags.verbose))
    return ExitCode.DONE
