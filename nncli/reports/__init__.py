"""Runs as a page that a person looks at: what is known of them, plots, and the HTML around both."""
