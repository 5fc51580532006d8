"""TODO problems/latency/profiles."""
