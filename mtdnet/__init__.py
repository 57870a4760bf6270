"""mtdnet: person re-identification by ranking and pair classification in one network."""

__version__ = "0.1.0"
