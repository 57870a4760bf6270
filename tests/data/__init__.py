"""Tests of the ingest, on tiny benchmarks of random pictures."""
