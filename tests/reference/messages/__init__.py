"""What becomes of messages, message by message, in plain Python: written for clarity, importing nothing of the product."""
