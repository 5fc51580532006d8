"""TODO problems/horizon."""
