"""TODO solvers/threads."""
