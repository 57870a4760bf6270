"""One page of all evaluations beside the published table."""
