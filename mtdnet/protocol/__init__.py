"""Who trains, validates and tests: identity splits, triplets, queries and gallery."""
