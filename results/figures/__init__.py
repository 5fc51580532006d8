"""TODO results/figures."""
