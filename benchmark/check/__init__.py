"""The conformance suite of solvers: `splitbench check` and `splitbench.check`.

`instances` draws test instances, `askers` run a solver on them, `properties` define what must hold.
Built on `problems`, `solvers` and `isolation`; used by the command `check`.
"""
