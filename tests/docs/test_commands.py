"""Every command of README.md and docs/ runs, ends as the page says, and prints what the page shows; links and definitions are sound."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from engage_cli.cli.app import app
from engage_cli.definitions.project_files import load_texts
from engage_cli.service.schema import json_schema
from engage_cli.source import InvalidError
from tests.docs.pages import PAGES, ROOT, Block, Command, blocks_of, steps_of, text_of

DEMO_AS_OF = "2026-11-23T10:00:00Z"
DEMO_KEY = "ENGAGE_UNSUBSCRIBE_KEY='the key of the demo shop'"
PAGES_WITH_COMMANDS = [page for page in PAGES if any(isinstance(step, Command) for step in steps_of(page))]
EXAMPLE_PAGES = ("docs/conditions.md", "docs/values.md")
DEFINITIONS = [block for page in PAGES if page not in EXAMPLE_PAGES for block in blocks_of(page) if block.language == "yaml"]
CONFIG = """\
project: docs
sources:
  events: {path: events.csv}
  memberships: {path: memberships.csv}
  entities: {pets: {path: p.csv, key: id, links: {user: owner}}, visits: {path: v.csv, key: id, links: {pets: pet}}}
messaging: {channels: {email: {address: email}, sms: {address: phone}}, groups: [newsletter, promotions]}
destinations: {crm: {type: events}, ads: {type: list, columns: {email: email}}}
"""
TEMPLATE = {"campaigns/templates/cart_nudge.txt": "A cart is waiting. {{ unsubscribe_url }}"}
"""What journeys on the pages send."""


def run(command: str, folder: Path, engage_path: Path, exported: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a shell command in a folder, and all that it printed."""
    path = os.pathsep.join([str(engage_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **(exported or {}), "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS)
def test_the_commands_of_a_page_do_what_it_says(page: str, tmp_path: Path, engage_path: Path) -> None:
    folder, exported = tmp_path, dict[str, str]()
    for step in steps_of(page):
        if isinstance(step, Block):
            assert step.file is not None
            (folder / step.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.file).write_text(step.body, encoding="utf-8")
        elif step.text.startswith("make "):
            assert re.search(rf"^{step.text.removeprefix('make ')}:", (ROOT / "Makefile").read_text(), re.MULTILINE), step
        elif step.text.startswith("cd "):
            folder = folder / shlex.split(step.text)[1]
            assert folder.is_dir(), step
        elif only := re.fullmatch(r"export (\w+)=(\S+)", step.text):
            exported[only[1]] = only[2]
        else:
            _check(step, folder, engage_path, exported)


def _check(command: Command, folder: Path, engage_path: Path, exported: Mapping[str, str]) -> None:
    exit_code, printed = run(command.text, folder, engage_path, exported)
    assert exit_code == command.exit_code, f"{command.place}: `{command.text}` exits with {exit_code}\n{printed}"
    lines = {line.strip() for line in printed.splitlines()}
    for line in command.prints:
        assert line.strip() in lines, f"{command.place}: `{command.text}` does not print {line!r}\n{printed}"


def _copy_demo(folder: Path) -> None:
    for name in ("engage.yaml", "campaigns", "sample_data"):
        source = ROOT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder / name)


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path, engage_path: Path) -> None:
    _copy_demo(tmp_path)
    [shown] = [block for block in blocks_of("README.md") if block.info == "demo"]
    rows = [line.split() for line in shown.body.splitlines()]
    names = [name for name, *_ in rows[1:]]
    exit_code, printed = run(f"engage audience build --dry-run --as-of {DEMO_AS_OF} {' '.join(names)}", tmp_path, engage_path)
    assert exit_code == 0, printed
    assert [line.split() for line in printed.splitlines() if line.split()[:1] in [row[:1] for row in rows]] == rows
    assert "3425 users" in printed
    definitions = sum(path.read_text().count("\naudience:") for path in (ROOT / "campaigns" / "audiences").glob("*.yaml"))
    assert f"{definitions} audiences in [campaigns/audiences]" in text_of("README.md")


def test_the_readme_shows_what_the_broadcast_of_the_demo_does(tmp_path: Path, engage_path: Path) -> None:
    _copy_demo(tmp_path)
    exit_code, printed = run(f"{DEMO_KEY} engage broadcast send black_friday --as-of {DEMO_AS_OF}", tmp_path, engage_path)
    assert exit_code == 0, printed
    blocks = {block.info: block.body.splitlines() for block in blocks_of("README.md")}
    assert set(blocks["sale"]) <= set(printed.splitlines())
    files = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "out/runs").rglob("*") if path.is_file())
    assert [re.sub(r"Z-[0-9a-f]{8}/", "Z-…/", file) for file in files] == blocks["files"]


@pytest.mark.parametrize("block", DEFINITIONS, ids=lambda block: f"{block.page}:{block.line}")
def test_definitions_on_the_pages_are_valid(block: Block) -> None:
    is_config = "project:" in block.body
    beside = _files_beside(block)
    texts = (
        {"engage.yaml": block.body}
        if is_config
        else {"engage.yaml": CONFIG, **TEMPLATE, **beside, block.file or "campaigns/one.yaml": block.body}
    )
    if "mistake" in (block.file or ""):
        with pytest.raises(InvalidError):
            load_texts(texts)
    else:
        load_texts(texts)


def _files_beside(block: Block) -> dict[str, str]:
    """What a page shows as files, of which a definition in a file may speak: templates, and, for audiences, journeys."""
    files = {one.file: one.body for one in blocks_of(block.page) if one.file is not None}
    folders = ("campaigns/templates/", *(["campaigns/journeys/"] if "audience:" in block.body else []))
    return {path: body for path, body in files.items() if block.file is not None and path.startswith(folders)}


LINKS = [(page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if not target.startswith("https://")]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_links_lead_somewhere(page: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    linked = (ROOT / page).parent / path if path else ROOT / page
    assert linked.exists()
    if anchor:
        headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_every_command_has_its_section_and_an_example() -> None:
    page = text_of("docs/cli.md")
    root = get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]  # the root is a group
        for path in [f"{name} {inner}" for inner in command.commands] if hasattr(command, "commands") else [name]:
            section = re.search(rf"^## engage {path}\b.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
            assert section is not None, path
            assert f"\nengage {path}" in section[0], path


def _names(schema: Any) -> Iterator[str]:
    """The keys that a part of the JSON Schema knows, those of mappings within it too; conditions have a page of their own."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties
        for inner in (*properties.values(), *(part for name, part in schema.items() if name != "properties")):
            yield from _names(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _names(inner)


def test_every_key_of_projects_and_audiences_is_on_the_page() -> None:
    definitions: Any = json_schema()["$defs"]
    page = text_of("docs/project.md")
    keys = {*_names(definitions["project"]), *_names(definitions["audience"])}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", page)) == []


def test_every_key_of_journeys_is_on_the_page() -> None:
    definitions: Any = json_schema()["$defs"]
    page = text_of("docs/journeys.md")
    steps = [schema for name, schema in definitions.items() if name == "step" or name.endswith("_step")]
    keys = {*_names(definitions["journey"]), *_names(steps)}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", page)) == []


def test_every_key_of_broadcasts_is_on_the_page() -> None:
    page = text_of("docs/broadcasts.md")
    definitions: Any = json_schema()["$defs"]
    keys = set(_names(definitions["broadcast"]))
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", page)) == []
