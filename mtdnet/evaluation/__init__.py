"""A trained network's test persons scored, measured and pictured."""
