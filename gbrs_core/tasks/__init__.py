"""The dense prediction tasks, one file each."""
