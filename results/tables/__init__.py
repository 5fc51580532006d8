"""TODO results/tables."""
