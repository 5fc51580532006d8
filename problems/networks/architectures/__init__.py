"""The networks whose layer tables ship, as torch modules.

Needs torch; used by `tracing.make_tables` and by `splitbench profile`.
"""
