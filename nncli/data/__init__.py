"""Files of data to encoded tensors, split into parts, batched by index."""
