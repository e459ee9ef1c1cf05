"""Results as blocks of text for people (one module a kind of result), blocks as lines, and results as JSON documents."""
