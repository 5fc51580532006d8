"""TODO baselines/dads."""
