"""The losses of the paper, one a file."""
