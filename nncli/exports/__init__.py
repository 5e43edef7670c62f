"""One file per format that a network can leave in, and the check that each is the same network."""
