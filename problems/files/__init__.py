"""JSON files of slots and horizons: reading, writing, and their schemas.

Built on the model (`slot`, `fleet`); used by `horizon`, `networks`, `latency.profiles`, commands.
"""
