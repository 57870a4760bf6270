"""Flows: when, where and in what order the stages of ``dvc.yaml`` run."""

import mtdnet as mtdnet  # first: it hears a stop while the rest loads
from flows import environment as environment
