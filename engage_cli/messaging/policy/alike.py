"""Messages that are alike: what many have in common, all but whom they go to, when, and what they show of that person.

Messages with the same `rest` in `run_change` are alike. It is the edition of the template, a letter, and what tells them apart from those
of another campaign, step or variant. The letter says how the payload is to be read.
"""

AS_LINE, RENDERED, AS_BEFORE = "v", "m", "o"
"""As the text of a line, but for its links; to be rendered; with its variables, as an earlier version left them."""
FIELDS = ("template", "from", "reply_to", "subject", "preheader", "campaign", "step", "variant", "category", "group")
"""The fields of a line that messages which are alike have in common."""
LETTER = 32
"""Where in `rest` the letter stands: an edition's id has so many characters before it."""
REST = f"""
    (payload->>'$.edition')
        || CASE
            WHEN (payload->>'$.render') <> 'variables' THEN '{RENDERED}'
            WHEN (payload->'$.variables') IS NULL THEN '{AS_BEFORE}' ELSE '{AS_LINE}'
        END
        || md5(CAST(payload->[{", ".join(f"'$.{name}'" for name in (*FIELDS, "variables.campaign"))}] AS VARCHAR))
"""
"""What `rest` is of a committed message."""
