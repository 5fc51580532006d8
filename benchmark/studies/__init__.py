"""How far trivial policies are from the optimum on each suite.

Used by `splitbench show` (`benchmark.suite_report`).
"""
