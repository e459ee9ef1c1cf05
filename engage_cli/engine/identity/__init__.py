"""Which identifiers are one person: observations of them, joined to profiles."""
