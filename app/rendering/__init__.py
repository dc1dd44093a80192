"""Predictions to RGBA arrays, one renderer per output kind."""
