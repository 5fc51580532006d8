"""The whole horizon: its upper bound (LP, dual), and the policy `lookahead`.

Built on `exact`; the bound is used by the harness, `lookahead` is found by the registry.
"""
