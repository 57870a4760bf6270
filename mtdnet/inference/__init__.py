"""Large galleries on disk: a shortlist by ranking features, the verdict by the pair head."""
