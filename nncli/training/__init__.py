"""Everything that walks over batches: steps, evaluation, prediction. No printing, no disk."""
