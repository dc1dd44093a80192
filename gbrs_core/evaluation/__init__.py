"""Simulated clicks, metrics and the papers' protocols."""
