"""One piece of work a module: ``measure`` yields its rows, ``GPU`` says whether it needs one."""
