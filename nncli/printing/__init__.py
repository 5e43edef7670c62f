"""A compiled network as a Python program."""
