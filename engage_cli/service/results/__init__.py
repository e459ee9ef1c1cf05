"""What the use cases give back: plain values that the command line renders as tables, text or JSON. A module for each kind of command."""
