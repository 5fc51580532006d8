"""The benchmark table as text (terminal, Markdown, CSV, LaTeX), with escaping for each format.

Built on `results.rows`; used by the commands.
"""
