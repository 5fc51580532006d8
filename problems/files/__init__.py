"""JSON files of slots and horizons: reading, writing, their schemas, and MPS/LP export.

Built on the model (`slot`, `fleet`); used by `horizon`, `networks`, `latency.profiles`, commands.
"""
