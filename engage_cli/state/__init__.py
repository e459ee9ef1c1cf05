"""What engage remembers between runs: one DuckDB file, its tables, its lock, and the copy that readers see."""
