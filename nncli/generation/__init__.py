"""Text that trained networks write, token by token."""
