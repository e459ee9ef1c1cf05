"""Journeys as a plan has them: a graph of steps, and what has to be asked at each."""
