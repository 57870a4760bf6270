"""The one error that users cause and can mend."""


class InputError(ValueError):
    """Bad input: one line that names the file, person, row or key, and what to do.

    Every command prints the line to standard error and exits with status 2.
    """
