"""What is wrong with a network inside: measurements layer by layer, and what follows from them."""
