"""Templates, addresses, headers, tokens: what a message is made of."""
