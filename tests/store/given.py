"""Files of consents that a project is given."""

from datetime import timedelta
from pathlib import Path

from engage_cli.service.consents import import_consents
from engage_cli.service.progress import SILENT
from engage_cli.service.results.consents import ConsentImport
from tests.inputs.support import AS_OF

HEADER = "user_id,channel,group,status,updated_at\n"


def given(shop: Path, *rows: str) -> Path:
    path = shop.parent / "given.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def taken(shop: Path, *rows: str, hours: int = 0) -> ConsentImport:
    return import_consents(shop, given(shop, *rows), as_of=AS_OF + timedelta(hours=hours), progress=SILENT)


def take(shop: Path) -> None:
    """In a process of its own: two rows, one of them refused."""
    taken(shop, "ana,email,,subscribed,", "ben,email,,maybe,", hours=1)
