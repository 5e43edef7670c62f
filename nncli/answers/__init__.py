"""What networks say about rows, in the words and units of the data."""
