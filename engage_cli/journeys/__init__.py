"""Walking people through journeys: what a tick moves, set by set, at each step's own instants."""
