"""Controllers of the window, one per concern: annotation, refinement, files, network, view."""
