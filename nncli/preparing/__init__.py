"""A spec brought together with its data and its networks, ready to train."""
