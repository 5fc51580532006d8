"""Statistics over cells: intervals, ranks, paired tests, geometric means, profiles.

Built on `results.frame`; used by tables, figures and the report.
"""
