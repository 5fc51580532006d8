"""Tests of the player's isolation."""
