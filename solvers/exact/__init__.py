"""TODO solvers/exact."""
