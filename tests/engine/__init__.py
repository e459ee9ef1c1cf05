"""The query engine: lowering, time zones, settings and seal, and what files become in detail."""
