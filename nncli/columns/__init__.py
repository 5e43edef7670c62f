"""Cells to tensors: one file for each kind of column."""
