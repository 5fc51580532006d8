"""TODO problems/files."""
