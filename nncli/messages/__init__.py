"""The words of every message: one table per part of nncli, one file that fills them."""
