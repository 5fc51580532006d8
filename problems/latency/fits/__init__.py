"""TODO problems/latency/fits."""
