"""A run on its way into its folder, and steps of it done again."""
