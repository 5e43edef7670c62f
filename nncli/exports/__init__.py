"""One file per format that a trained network can leave in."""
