"""A question in the words of each system that is compared."""
