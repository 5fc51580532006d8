"""The named suites, their parameters, and the instance suite `small`.

Built on `horizon` and `latency.profiles`; used by the harness, by training and by commands.
"""
