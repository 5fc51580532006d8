"""Studies of the suites and of learned schemes that the documentation quotes.

Run by `python -m`; used by no other module.
"""
