"""The command line itself: help with examples, wrong usage with remedies, what is not built yet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from engage_cli import __version__
from engage_cli.cli.app import LATER, app
from engage_cli.errors import ExitCode
from tests.cli.running import Engage
from tests.conftest import Golden


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the tree with the words that name it."""
    for name, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = {" ".join(path): command for path, command in commands()}


def test_every_command_of_this_version_exists() -> None:
    looks = ("build", "list", "preview", "explain", "overlap", "export", "sql")
    expected = {
        "init",
        "check",
        "schema",
        "deliver",
        "plan",
        "run",
        *(f"audience {name}" for name in looks),
        "identity show",
        *(f"broadcast {name}" for name in ("list", "status", "preview", "send", "cancel")),
        *(
            f"journey {name}"
            for name in ("list", "status", "show", "graph", "simulate", "sql", "tick", "pause", "resume", "archive", "exit")
        ),
        "template preview",
        "forget",
        *(f"state {name}" for name in ("backup", "restore", "check")),
        *(f"consent {name}" for name in ("import", "list", "verify")),
        *(f"store {name}" for name in ("status", "rebuild", "compact")),
        *(f"trait {name}" for name in ("build", "list", "show", "export", "sql")),
    }
    assert set(COMMANDS) == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_is_a_line_of_this_command(name: str, engage: Engage) -> None:
    ran = engage(*name.split(), "--help")
    assert ran.code == ExitCode.DONE
    _, _, example = ran.out.partition("Example:\n")
    assert example.strip().startswith(f"engage {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_can_be_parsed(name: str) -> None:
    words = COMMANDS[name].epilog.splitlines()[-1].split(" >")[0].split()[1:]
    COMMANDS[name].make_context(name, words[len(name.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_sentence_of_the_help_fits_the_list_of_commands(name: str) -> None:
    first = COMMANDS[name].help.split("\n\n")[0]
    assert len(first) <= 60
    assert first.endswith(".")
    assert all(parameter.help for parameter in COMMANDS[name].params)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_options_on_showing(name: str) -> None:
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {"--json", "--quiet", "--verbose", "--no-color"} <= options


@pytest.mark.parametrize("name", ["", "audience", "broadcast", "broadcast send", "state", "audience build", "audience explain"])
def test_the_help(name: str, engage: Engage, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    golden(Path(f"golden/help/{name.replace(' ', '_') or 'engage'}.txt"), engage(*name.split(), "--help").out)


@pytest.mark.parametrize("name", ["", "audience", "broadcast", "state"])
def test_a_group_without_a_command_shows_its_help(name: str, engage: Engage) -> None:
    assert engage(*name.split()).out == engage(*name.split(), "--help").out


def test_the_version(engage: Engage) -> None:
    assert engage("--version").out == f"engage {__version__}\n"


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("more", [[], ["--help"], ["build", "--as-of", "x"]])
def test_a_command_of_later_says_that_it_is_not_built(name: str, more: list[str], engage: Engage) -> None:
    ran = engage(*name.split(), *more)
    assert ran.code == ExitCode.USAGE
    assert f"`engage {name}` ({LATER[name]}) is not built in this version" in ran.err
    assert ran.out == ""


WRONG = {
    "typo": (["chek"], "there is no command `engage chek`", "did you mean `engage check`?"),
    "typo of later": (["jorney"], "there is no command `engage jorney`", "did you mean `engage journey`?"),
    "typo in a group": (["audience", "biuld"], "there is no command `engage audience biuld`", "did you mean `engage audience build`?"),
    "unknown": (["qqqq"], "there is no command `engage qqqq`", "`engage --help` shows the commands"),
    "hostile": (["\x1b[31m\u202e"], "there is no command `engage \\u001b[31m\\u202e`", "`engage --help` shows the commands"),
    "bytes": (["init", "\udcff"], "the argument `\\udcff` is not UTF-8", "write it in the encoding of your terminal"),
    "nobody": (
        ["audience", "explain", "vips", "--user", ""],
        "invalid value for '--user' / '--account': the id is empty",
        "`engage audience explain --help` shows what it takes",
    ),
    "a folder": (
        ["audience", "export", "vips", "--output", "/"],
        "invalid value for '--output': `/` is a folder; name a file in it",
        "`engage audience export --help` shows what it takes",
    ),
    "a device": (
        ["audience", "export", "vips", "--output", "/dev/stdout"],
        "invalid value for '--output': `/dev/stdout` is no regular file; for standard output leave --output out",
        "`engage audience export --help` shows what it takes",
    ),
    "option too early": (
        ["--project", "x", "check"],
        "no such option: --project",
        "options stand after the command, as in `engage check --project`",
    ),
    "option typo": (["audience", "build", "--dryrun"], "no such option: --dryrun", "did you mean `--dry-run`?"),
    "no value": (
        ["audience", "build", "--wait"],
        "option '--wait' requires an argument",
        "`engage audience build --help` shows what it takes",
    ),
    "no name": (["audience", "sql"], "missing argument 'NAME'", "`engage audience sql --help` shows what it takes"),
    "no user": (
        ["audience", "explain", "vips"],
        "missing option '--user' / '--account'",
        "`engage audience explain --help` shows what it takes",
    ),
    "too many": (
        ["schema", "x"],
        "got unexpected extra argument(s) (x)",
        "`engage schema --help` shows what it takes",
    ),
    "as-of": (
        ["check", "--as-of", "tomorrow"],
        "invalid value for '--as-of': `tomorrow` is no instant; write it as 2026-11-23T10:00Z, 2026-11-23T10:00+01:00 or 2026-11-23",
        "`engage check --help` shows what it takes",
    ),
    "no such day": (
        ["check", "--as-of", "2026-02-30"],
        "invalid value for '--as-of': `2026-02-30` is no instant: day is out of range for month",
        "`engage check --help` shows what it takes",
    ),
    "format": (
        ["audience", "build", "--format", "xml"],
        "invalid value for '--format': `xml` is no format; give parquet, csv or jsonl",
        "`engage audience build --help` shows what it takes",
    ),
    "wait": (
        ["state", "check", "--wait", "nan"],
        "invalid value for '--wait': `nan` is no number of seconds; write one from 0 on, such as 30",
        "`engage state check --help` shows what it takes",
    ),
    "sample": (
        ["audience", "preview", "vips", "--sample", "-1"],
        "invalid value for '--sample': `-1` is no number of members; write one from 0 on, such as 10",
        "`engage audience preview --help` shows what it takes",
    ),
    "exit code of what": (
        ["audience", "build", "--detailed-exit-code"],
        "--detailed-exit-code says what would change, so it needs --dry-run",
        "add --dry-run, or leave it out",
    ),
    "no project there": (
        ["check", "--project", "nowhere"],
        "there is no folder nowhere",
        "--project names the folder that holds engage.yaml",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_said_with_what_to_do(case: str, engage: Engage) -> None:
    arguments, message, hint = WRONG[case]
    ran = engage(*arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.out == ""
    assert ran.err.splitlines() == [f"error: {message}", f"  hint: {hint}"]


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_a_document_with_json(case: str, engage: Engage) -> None:
    arguments, message, hint = WRONG[case]
    ran = engage(*arguments, "--json") if case != "no value" else engage("audience", "build", "--json", "--wait")
    error = ran.document["error"]
    assert (ran.code, error["exit_code"], error["hint"], error["issues"]) == (2, 2, hint, [])
    if case not in ("hostile", "too many"):
        assert error["message"] == message
    assert ran.err == ""


def test_a_folder_without_a_project(engage: Engage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = engage("check")
    assert ran.code == ExitCode.USAGE
    assert "no engage.yaml" in ran.err
    ran = engage("check", "--project", str(tmp_path))
    assert ran.err.startswith(f"error: there is no engage.yaml in {tmp_path}\n")


def test_the_schema_is_the_document(engage: Engage) -> None:
    assert json.loads(engage("schema").out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert engage("schema").out == engage("schema", "--json").out
