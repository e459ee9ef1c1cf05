"""Messages: templates rendered for people, what an address or a header may be, and the tokens of unsubscribe links."""
