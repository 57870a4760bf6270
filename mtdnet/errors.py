"""The one error that users cause and can mend."""


class InputError(ValueError):
    """Bad input: one line that names the file, person, row or key, and what to do.

    Every command prints the line to standard error and exits with status 2.
    """


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """A long job was asked to stop and has kept its state; the same command continues it."""
