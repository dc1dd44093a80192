"""How the embedded networks are trained."""
