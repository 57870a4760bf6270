"""Flows: when, where and in what order the stages of ``dvc.yaml`` run."""

from flows import environment as environment
