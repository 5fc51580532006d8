"""The benchmark table as text: terminal, Markdown, CSV, LaTeX; and harmless text everywhere.

Built on `results.rows`; used by the commands.
"""
