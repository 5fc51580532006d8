"""TODO problems/networks."""
