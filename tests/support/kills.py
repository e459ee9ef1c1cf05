"""At which of the points where a run can be killed the tests kill it."""

import os


def stride(usual: int) -> int:
    """At every how manieth crash point, as `usual`, unless `ENGAGE_KILL_STRIDE` says otherwise: `make kills` asks for every one."""
    return int(os.environ.get("ENGAGE_KILL_STRIDE", str(usual)))
