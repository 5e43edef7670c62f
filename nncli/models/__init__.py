"""Trained networks opened: from a run, a weights file or a spec."""
