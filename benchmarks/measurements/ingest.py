"""Making the event store, beside the bare statement that makes the same layout by hand."""

from benchmarks.results import BY_HAND, ENGAGE, Row, compared, of_cost, of_process
from benchmarks.setting import PROPERTIES, Setting
from benchmarks.systems.call import call


def ingest(setting: Setting) -> list[Row]:
    """`engage store rebuild`, the bare CREATE TABLE, and the latter with a look for ids that occur twice, which engage always does."""
    given = {"files": setting.parquet, "properties": PROPERTIES}
    trial = setting.place("trial") / "store.duckdb"
    rows = [
        of_process("ingest", f"{ENGAGE} store rebuild", setting.store),
        of_cost("ingest", BY_HAND, call("make_store", database=str(trial), **given), "checks nothing"),
        of_cost(
            "ingest",
            "hand-written SQL, ids checked",
            call("make_store", database=str(trial), check_ids=True, **given),
            "also looks for ids that occur twice",
        ),
    ]
    trial.unlink(missing_ok=True)
    return compared(rows, BY_HAND)
