"""Conditions over subjects that each have an instant of their own."""
