"""TODO problems/networks/architectures."""
