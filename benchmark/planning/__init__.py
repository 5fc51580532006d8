"""What a run consists of, before it runs: solvers and their code, and what poses the problems.

A user's files are imported in a process of their own only (`inspect_files`). Built on `problems`,
`solvers` and `results`; used by `benchmark.runs`, `benchmark.isolation` and commands.
"""
