"""From definitions to what has to be computed: no SQL text, no files, no clock."""
