"""TODO solvers/ddp/policies."""
