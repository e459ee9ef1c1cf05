"""Runs of everything at one instant, and plans of them."""
