"""Tests mirror the rooms; `tests.strategies` makes the random instances they share."""
