"""Pictures of a training and of its test, as PNG files, one kind a module."""
