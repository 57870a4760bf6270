"""Steps of the pipeline, one file each, and the Prefect tasks that flows are made of."""

import mtdnet as mtdnet  # first: it hears a stop while the rest loads
