"""The networks of the paper, and how their weights are kept and found."""
