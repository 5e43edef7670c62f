"""YAML text to a typed, frozen Spec; never imports torch."""
