"""Optimisers, and the learning rate over a training's steps."""

import math

import torch
from torch import nn

from mtdnet.params import Schedule, Training


def build(network: nn.Module, settings: Training) -> torch.optim.Optimizer:
    """Return SGD or AdamW; biases at twice the rate, and no weight decay on them, as published."""
    named = list(network.named_parameters())
    weights = [p for name, p in named if name.endswith("weight")]
    biases = [p for name, p in named if name.endswith("bias")]
    rate = settings.learning_rate
    groups = [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": biases, "lr": 2 * rate, "weight_decay": 0.0},
    ]
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=(settings.momentum, 0.999), fused=True)
    return torch.optim.SGD(groups, lr=rate, momentum=settings.momentum, fused=True)


def rate_factor(schedule: Schedule, step: int, steps: int) -> float:
    """Return what the learning rate of ``step``, from 0, is multiplied by, in [0, 1].

    Linear warm-up, then ``(1 + cos(pi t)) / 2`` with t the part of the other steps that is over
    (Loshchilov and Hutter 2017, "SGDR", eq. (5), without restarts).
    """
    warm = schedule.warm_up * steps
    if step < warm:
        return min(1.0, (step + 1) / warm)
    if schedule.decay == "none":
        return 1.0
    return (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2
