"""The documentation, run: every example of a condition, and every command."""
