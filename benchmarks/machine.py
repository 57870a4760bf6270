"""The machine that a benchmark runs on, and what a large matrix product reaches there."""

import os
from unittest.mock import patch

import torch

from benchmarks.rows import seconds
from mtdnet import device
from mtdnet.device import Device


def processor() -> Device:
    """Return the processor, also where a GPU is present."""
    with patch.dict(os.environ, {"MTDNET_DEVICE": "cpu"}):
        return device.choose()


def peak(place: Device) -> float:
    """Return the FLOP/s of a product of large square matrices, bf16 where it pays, else float32."""
    side = 8192 if place.torch.type == "cuda" else 4096
    kind = torch.bfloat16 if place.bf16 else torch.float32
    left, right = (torch.randn(side, side, device=place.torch).to(kind) for _ in "ab")
    with torch.inference_mode():
        return float(2 * side**3 / seconds(lambda: left @ right, place.torch, repeat=5))


def named(place: Device, flops: float) -> str:
    """Return a machine's name with its measured peak and the version of torch."""
    kind = "bf16" if place.bf16 else "float32"
    return f"{place.name}; {kind}, {flops / 1e12:.3g} TFLOP/s; torch {torch.__version__}"
