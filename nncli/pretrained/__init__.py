"""Weights from elsewhere: tensors of a safetensors file put into a network under other names."""
