"""The commands of ``mtdnet``, one file each, and what they share."""
