"""Benchmarks as they lie on disk -> a table of images and one packed array."""
