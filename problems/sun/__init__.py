"""TODO problems/sun."""
