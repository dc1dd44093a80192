"""Published networks, with the names of their published state dicts."""
