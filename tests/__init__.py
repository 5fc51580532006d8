"""Tests mirror the rooms; `tests.strategies` draws the random instances that they share."""
