"""What definitions may look like: one declaration behind the reader and the JSON Schema. base.py says how."""
