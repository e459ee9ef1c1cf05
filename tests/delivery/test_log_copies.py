"""The delivery log in backups: what was sent stays known, whatever happens to the folder of the state."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from engage_cli.delivery.log import log_path, open_log
from engage_cli.errors import EngageError, LockedError
from engage_cli.service.build import build_audiences
from engage_cli.service.forget import forget
from engage_cli.service.keep import backup, restore
from engage_cli.service.progress import SILENT
from engage_cli.state.lock import hold_lock
from tests.delivery.project import AS_OF, FIRST_RUN, SECOND_RUN, Shop, one, rows_of


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project with a state, and a destination that gets files."""
    shop = Shop(tmp_path / "shop", "  files: {type: messages, channel: email, provider: generic}", people=4)
    (shop.folder / "campaigns").mkdir()
    (shop.folder / "campaigns" / "all.yaml").write_text("audience: readers\nmembers: {consent: {channel: email}}\n")
    build_audiences(shop.folder, [], as_of=AS_OF, progress=SILENT)
    shop.run(rows_of(3))
    return shop


def test_after_all_is_gone_a_backup_knows_what_was_sent(shop: Shop) -> None:
    assert one(shop.deliver()) == {"sent": 3}
    before, copy = shop.log(), backup(shop.folder, shop.folder.parent / "monday.duckdb")
    shutil.rmtree(shop.folder / ".engage")
    (shop.folder / ".engage").mkdir()
    (shop.folder / ".engage" / "deliveries.sqlite-wal").write_bytes(b"of a log that is gone")
    restore(shop.folder, copy)
    assert shop.log() == before
    assert one(shop.deliver(FIRST_RUN)) == {"before": 3}


def test_a_log_that_is_there_stays(shop: Shop) -> None:
    shop.deliver()
    copy = backup(shop.folder)
    shop.run(rows_of(4)[3:], name=SECOND_RUN)
    shop.deliver()
    before = shop.log()
    restore(shop.folder, copy)
    assert shop.log() == before
    assert len(before) == 4


def test_it_is_copied_while_a_delivery_writes_to_it(shop: Shop) -> None:
    shop.deliver()
    path = log_path(shop.folder / ".engage" / "state.duckdb")
    with open_log(path) as log:
        assert log.begin("m1", FIRST_RUN, "email", "u0", AS_OF)
        copy = backup(shop.folder, shop.folder.parent / "monday.duckdb")
        assert log.begin("m2", FIRST_RUN, "email", "u1", AS_OF)
    [kept] = copy.parent.glob("monday.duckdb.deliveries.sqlite*")
    with sqlite3.connect(kept) as connection:
        found = {message for (message,) in connection.execute("SELECT message_id FROM delivery")}
    connection.close()
    assert found == {"m1", *(row["message_id"] for row in rows_of(3))}


def test_copies_that_name_somebody_who_is_forgotten_are_listed(shop: Shop) -> None:
    shop.deliver()
    copy = backup(shop.folder)
    log = copy.with_name(f"{copy.name}.deliveries.sqlite").relative_to(shop.folder)
    assert str(log) not in {file.path for file in forget(shop.folder, "u3", dry_run=True, wait=0, progress=SILENT).files}
    assert str(log) in {file.path for file in forget(shop.folder, "u1", dry_run=False, wait=0, progress=SILENT).files}
    assert sorted(path.name for path in (shop.folder / ".engage").glob("*.sqlite-*")) == []


def test_a_damaged_copy_is_told_before_anything_is_replaced(shop: Shop) -> None:
    shop.deliver()
    copy = backup(shop.folder, shop.folder.parent / "monday.duckdb")
    kept = copy.with_name("monday.duckdb.deliveries.sqlite")
    kept.write_bytes(b"no log " * 1000)
    shutil.rmtree(shop.folder / ".engage")
    with pytest.raises(EngageError, match=r"monday\.duckdb\.deliveries\.sqlite cannot be copied"):
        restore(shop.folder, copy)
    assert sorted(path.name for path in (shop.folder / ".engage").iterdir()) == ["deliveries.lock", "lock"]


def test_a_delivery_that_goes_on_is_waited_for(shop: Shop) -> None:
    shop.deliver()
    copy = backup(shop.folder)
    log_path(shop.folder / ".engage" / "state.duckdb").unlink()
    with (
        hold_lock(shop.folder / ".engage" / "deliveries.lock", command="deliver", started=AS_OF, wait=0),
        pytest.raises(LockedError, match="holds the delivery log"),
    ):
        restore(shop.folder, copy, wait=0)
