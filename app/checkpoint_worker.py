"""Looks for checkpoints and converts them, on a thread of its own, so that a slow disk holds nothing else up."""
