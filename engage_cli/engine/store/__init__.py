"""The event store: events of all files as sorted, typed rows in immutable segments under one manifest. A cache, never the truth."""
