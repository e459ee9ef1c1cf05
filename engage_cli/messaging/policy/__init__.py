"""The policy: when a candidate is due, and whether and where it is sent. The same for journeys and broadcasts.

`timing` gives each candidate its `send_at`, by quiet hours and throttle, whenever a run happens. `due` finds the candidates whose time
has come,
`people` what is known of whom they are for, `deciding` and `caps` what becomes of each, `telling` what files are made of.
"""
