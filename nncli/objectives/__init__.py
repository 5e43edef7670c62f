"""What a step of training makes small: expressions over networks, compiled to straight-line code."""
