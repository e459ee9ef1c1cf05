"""Benchmarks: what engage costs beside hand-written SQL, Polars and ClickHouse on the same data. Run by `python -m benchmarks.run`."""
