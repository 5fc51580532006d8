"""TODO results/store."""
