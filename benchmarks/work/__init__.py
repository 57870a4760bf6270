"""One piece of work a module, whose ``measure`` yields its rows; ``..._gpu`` needs a GPU."""
