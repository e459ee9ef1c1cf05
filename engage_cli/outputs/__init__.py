"""Committed rows to files: the members of each audience, and the folder of a run with what changed."""
