"""The event store: whatever becomes of the files, its answers are those of the files as they are."""
