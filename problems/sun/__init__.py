"""Solar irradiance: station files, the days that ship, the course of a clear sky.

Built on `errors` only; used by `horizon.scenario`.
"""
