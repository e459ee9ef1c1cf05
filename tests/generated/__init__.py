"""Generated cases: datasets and conditions drawn by hypothesis, and their way into YAML and files.

`strategies.cases()` draws what tests/reference evaluates and what `files.write_project` writes for the product to read.
"""
