"""What a person wants to know of data before training: figures of columns, and what is wrong with rows."""
