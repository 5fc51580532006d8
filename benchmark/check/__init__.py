"""The conformance suite of solvers: `splitbench check` and `splitbench.check`.

`instances` draws what is asked, `askers` put it to a solver, `properties` say what must hold.
Built on `problems`, `solvers` and `isolation`; used by the command `check`.
"""
