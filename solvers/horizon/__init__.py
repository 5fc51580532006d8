"""TODO solvers/horizon."""
