"""A typed network to a plain `torch.nn.Module` with straight-line code."""
