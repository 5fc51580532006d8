"""TODO benchmark/runs."""
