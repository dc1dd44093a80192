"""What is open, and how it is viewed: state without Qt."""
