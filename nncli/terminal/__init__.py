"""Everything that a person sees: streams, problems, progress, tables."""
