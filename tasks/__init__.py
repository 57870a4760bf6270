"""Steps of the pipeline, one file each, and the Prefect tasks that flows are made of."""
