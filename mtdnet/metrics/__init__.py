"""How well a ranking finds the true match."""
