"""One file per shell: the tree of verbs as its completion script."""
