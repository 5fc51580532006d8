"""TODO problems/latency."""
