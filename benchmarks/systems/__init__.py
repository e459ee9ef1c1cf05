"""The systems that engage is compared with, each run in its own process by `python -m benchmarks.systems.worker`."""
