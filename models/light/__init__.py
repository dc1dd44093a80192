"""The embedded default networks."""
