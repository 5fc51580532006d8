"""TODO benchmark/referee."""
