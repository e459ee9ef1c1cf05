"""Files that arrive, change or go while a staging looks for them: what it answers is right for one moment or another."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import engage_cli.engine.staging as staging_module
import engage_cli.engine.store.opening as opening_module
from engage_cli.errors import EngageError
from tests.inputs.support import event, write_lines
from tests.store.support import Shop


def before(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, act: Callable[[], None]) -> None:
    """Let `act` happen once, right before a function of the product is called."""
    real: Callable[..., Any] = getattr(module, name)
    done: list[int] = []

    def late(*args: Any, **more: Any) -> Any:
        if not done:
            done.append(1)
            act()
        return real(*args, **more)

    monkeypatch.setattr(module, name, late)


MOMENTS = {"after the hashes": (staging_module, "find_events"), "after find_events": (opening_module, "open_batches")}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("has_store", [True, False])
@pytest.mark.parametrize("by", ["run", "look", "bare"])
@pytest.mark.parametrize("what", ["arrives", "goes", "changes"])
def test_a_file_meanwhile(what: str, by: str, has_store: bool, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    write_lines(tmp_path / "events/a.jsonl", [event("a1"), event("a2", "ben")])
    if has_store:
        shop.run()
    write_lines(tmp_path / "events/b.jsonl", [event("b1", "bo"), event("b2", "bo"), event("b3", "bo")])
    earlier = shop.bare()

    def act() -> None:
        if what == "goes":
            (tmp_path / "events/b.jsonl").unlink()
        elif what == "changes":
            write_lines(tmp_path / "events/b.jsonl", [event("b1", "bo")])
        else:
            write_lines(tmp_path / "events/c.jsonl", [event("c1", "cy")])

    before(monkeypatch, *MOMENTS[moment], act)
    try:
        found = getattr(shop, by)()
    except EngageError as error:
        assert error.hint is not None
    else:
        assert found in (earlier, shop.bare())
    monkeypatch.undo()
    assert shop.look() == shop.bare(), "the next reader"
    assert shop.run() == shop.bare(), "the next run"
    assert shop.look() == shop.bare(), "the reader after it"
