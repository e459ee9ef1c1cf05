"""Broadcasts over what was staged: who gets one, in which variant and when, and which variant wins. Set-based; the policy decides the rest.

`instants` says when a broadcast is, `planning` what it asks of the data, `freezing` finds the recipients once, `winning` the variant that
who waits gets, `waiting` gives everybody their `send_at`, `goals` who reached the goal, `calling_off` what becomes of the rest of one that
is cancelled.
"""
