"""From the files that engage.yaml names to rows with typed values."""
