"""Eight-fold scores of pairs, and what an occluded image does to them."""
