"""Gestures: pointer events in, interactions out."""
