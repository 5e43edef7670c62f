"""The run folder, and the only code that writes below it."""
