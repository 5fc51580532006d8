"""Plan a run: its solvers with their code, and the sources of its problems.

A user's files are imported only in a separate process (`inspect_files`). Built on `problems`,
`solvers` and `results`; used by `benchmark.runs`, `benchmark.isolation` and commands.
"""
