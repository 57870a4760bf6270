"""How fast, against what: ``python -m benchmarks`` measures and writes ``results.md``."""
