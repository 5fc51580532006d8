"""Statistics over cells: intervals, ranks, paired tests, geometric means, profiles.

Built on `results.store` and `results.rows`; used by tables and figures.
"""
