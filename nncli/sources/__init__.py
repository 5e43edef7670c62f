"""Data of any format to a table of cells."""
