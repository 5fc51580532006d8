"""TODO problems/suites."""
