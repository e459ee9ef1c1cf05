"""Handing the messages of runs to those who send them."""
