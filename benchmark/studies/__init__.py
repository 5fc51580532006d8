"""TODO benchmark/studies."""
