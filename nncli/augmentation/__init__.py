"""Changes of images that are drawn anew in every epoch."""
