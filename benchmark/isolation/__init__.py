"""TODO benchmark/isolation."""
