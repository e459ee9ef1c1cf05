"""What every command would import and work out first: done once, by importing this, in a server that processes of tests are forked from.

Nothing here opens a connection or starts a thread: neither outlives a fork.
"""

import importlib
import pkgutil

from sqlglot import Dialect

import engage_cli
from engage_cli.engine.zones import zone_macros

for module in pkgutil.walk_packages(engage_cli.__path__, "engage_cli."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
Dialect.get_or_raise("duckdb")
for zone in ("Europe/London", "UTC"):
    zone_macros(zone)
