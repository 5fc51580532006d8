"""TODO solvers/ilp."""
