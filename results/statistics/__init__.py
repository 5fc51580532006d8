"""TODO results/statistics."""
