"""Changes of images and sounds that are drawn anew in every epoch."""
