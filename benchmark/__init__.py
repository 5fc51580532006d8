"""The harness: which cells there are, how they are run and checked, and the command line."""
